-- The sites that the token of a request names; Supabase puts its claims into a setting.
CREATE OR REPLACE FUNCTION lotbook_sites() RETURNS text[] LANGUAGE sql STABLE SET search_path = pg_catalog AS $sites$
    SELECT CASE jsonb_typeof(claim)
        WHEN 'array' THEN ARRAY(
            SELECT value #>> '{}' FROM jsonb_array_elements(claim) AS value WHERE jsonb_typeof(value) = 'string'
        )
        WHEN 'string' THEN ARRAY[claim #>> '{}']
        ELSE '{}'::text[]
    END
    FROM (SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb #> '{claim}' AS claim) AS claims
$sites$;

DO $readable$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'sites', 'products', 'inventory_lots', 'stock_ledger', 'ledger_months', 'orders', 'order_lines', 'deliveries',
        'shortages', 'exceptions', 'resolutions', 'product_edits', 'unknown_codes', 'conflicts', 'devices'
    ] LOOP
        EXECUTE format('DROP POLICY IF EXISTS own_sites ON %I', name);
        EXECUTE format(
            'CREATE POLICY own_sites ON %I FOR SELECT TO authenticated USING (site = ANY ((SELECT lotbook_sites())::text[]))',
            name
        );
        IF name <> 'devices' THEN
            EXECUTE format('GRANT SELECT ON %I TO authenticated', name);
        END IF;
    END LOOP;
END
$readable$;

-- The hash of a token is nobody's business.
GRANT SELECT (site, device, name, prefix, enrolled_at, last_seen_at, revoked_at, clock_ahead_millis) ON devices TO authenticated;
