-- Closes tables to the clients of Supabase that are not closed yet. Row level security does not count for the owner of a table,
-- which is the server.
DO $close$
DECLARE
    name text;
BEGIN
    IF (SELECT count(*) FROM pg_roles WHERE rolname IN ('anon', 'authenticated')) < 2 THEN
        RETURN;
    END IF;
    FOR name IN SELECT relname FROM pg_class WHERE NOT relrowsecurity AND oid = ANY (ARRAY[
        'sites', 'products', 'inventory_lots', 'stock_ledger', 'ledger_months', 'orders', 'order_lines', 'deliveries',
        'shortages', 'exceptions', 'resolutions', 'product_edits', 'unknown_codes', 'conflicts', 'devices',
        'enrolment_codes', 'clients', 'receipts', 'imports', 'import_rows', 'people', 'site_settings', 'api_keys', 'api_requests',
        'webhooks', 'office_accounts', 'office_roles', 'office_links', 'office_sessions', 'office_log', 'lotbook_schema'
    ]::regclass[]) LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('REVOKE ALL ON TABLE %I FROM PUBLIC, anon, authenticated', name);
    END LOOP;
END
$close$;
