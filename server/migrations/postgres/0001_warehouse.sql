-- The tables of a server of any size. Every primary key, unique index and foreign key begins with the site, so that sites can
-- be spread over machines; there are no triggers for the same reason. Text is compared as bytes, as on devices: the order of
-- keys is part of the protocol. JSON is text, which is read as it was written. Revisions come from sites.rev, whose row is
-- locked by the transaction that writes. Times are milliseconds since 1970 (UTC).

-- epoch_renewed_at is the server's clock when a device's proof that the data was restored last began an epoch; epoch_is_due
-- says that such a proof came too soon after that. is_importing closes the site to everybody but an import. The row changes with
-- every push: updates stay on its page.
CREATE TABLE sites (
    site             text    COLLATE "C" NOT NULL PRIMARY KEY,
    name             text    COLLATE "C" NOT NULL,
    epoch            uuid    NOT NULL,
    rev              bigint  NOT NULL DEFAULT 0,
    purged_rev       bigint  NOT NULL DEFAULT 0,
    epoch_renewed_at bigint,
    epoch_is_due     boolean NOT NULL DEFAULT false,
    is_importing     boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);

-- sku_key and barcode_key are the spellings that are compared; sku_twin is the product's id where another product has the same
-- SKU in that spelling. field_revs says who last changed which field, and when.
CREATE TABLE products (
    site        text   COLLATE "C" NOT NULL REFERENCES sites (site),
    product_id  uuid   NOT NULL,
    sku         text   COLLATE "C" NOT NULL,
    sku_key     text   COLLATE "C" NOT NULL,
    sku_twin    text   COLLATE "C" NOT NULL DEFAULT '',
    barcode     text   COLLATE "C" NOT NULL,
    barcode_key text   COLLATE "C" NOT NULL,
    name        text   COLLATE "C" NOT NULL,
    unit        text   COLLATE "C" NOT NULL,
    price_minor bigint NOT NULL,
    currency    text   COLLATE "C" NOT NULL,
    family      text   COLLATE "C" NOT NULL,
    variant     text   COLLATE "C" NOT NULL,
    rev         bigint NOT NULL,
    field_revs  text   COLLATE "C" NOT NULL,
    deleted_at  bigint,
    PRIMARY KEY (site, product_id)
);
CREATE UNIQUE INDEX products_by_sku ON products (site, sku_key, sku_twin) WHERE deleted_at IS NULL;
CREATE INDEX products_by_barcode ON products (site, barcode_key) WHERE barcode_key <> '';
CREATE INDEX products_by_rev ON products (site, rev);
CREATE INDEX products_by_deletion ON products (site, deleted_at) WHERE deleted_at IS NOT NULL;

-- A row is one lot at one location. Quantities are thousandths of the product's unit. code_key is the spelling of the code that
-- is compared.
CREATE TABLE inventory_lots (
    site        text   COLLATE "C" NOT NULL,
    product_id  uuid   NOT NULL,
    lot_id      uuid   NOT NULL,
    lot_code    text   COLLATE "C" NOT NULL,
    code_key    text   COLLATE "C" NOT NULL,
    location    text   COLLATE "C" NOT NULL,
    quantity    bigint NOT NULL,
    status      text   COLLATE "C" NOT NULL,
    expires_on  text   COLLATE "C",
    received_on text   COLLATE "C",
    rev         bigint NOT NULL,
    field_revs  text   COLLATE "C" NOT NULL,
    deleted_at  bigint,
    PRIMARY KEY (site, product_id, lot_id),
    FOREIGN KEY (site, product_id) REFERENCES products (site, product_id)
);
CREATE INDEX lots_by_status ON inventory_lots (site, status, product_id, lot_id) WHERE deleted_at IS NULL;
CREATE INDEX lots_by_code ON inventory_lots (site, code_key) WHERE deleted_at IS NULL;
CREATE INDEX lots_by_rev ON inventory_lots (site, rev);
CREATE INDEX lots_by_deletion ON inventory_lots (site, deleted_at) WHERE deleted_at IS NOT NULL;

-- The sum of a lot's deltas is its quantity. It refers to no row, because it outlives deleted products and lots.
CREATE TABLE stock_ledger (
    site        text   COLLATE "C" NOT NULL REFERENCES sites (site),
    rev         bigint NOT NULL,
    line        bigint NOT NULL,
    product_id  uuid   NOT NULL,
    lot_id      uuid   NOT NULL,
    lot_code    text   COLLATE "C" NOT NULL,
    location    text   COLLATE "C" NOT NULL,
    delta       bigint NOT NULL,
    movement    text   COLLATE "C" NOT NULL,
    note        text   COLLATE "C" NOT NULL,
    mutation_id uuid,
    client      uuid,
    author      text   COLLATE "C" NOT NULL,
    captured_at bigint NOT NULL,
    booked_at   bigint NOT NULL,
    PRIMARY KEY (site, rev, line)
);
CREATE INDEX ledger_by_lot ON stock_ledger (site, product_id, lot_id, rev, line);
CREATE INDEX ledger_by_product ON stock_ledger (site, product_id, rev, line);
-- The stock ledger is append-only: who wants it otherwise books a correcting entry.
REVOKE UPDATE, DELETE, TRUNCATE ON stock_ledger FROM CURRENT_USER;

-- Numbers are not unique: earlier builds booked orders of the same number.
CREATE TABLE orders (
    site        text   COLLATE "C" NOT NULL REFERENCES sites (site),
    order_id    uuid   NOT NULL,
    number      text   COLLATE "C" NOT NULL,
    currency    text   COLLATE "C" NOT NULL,
    total_minor bigint NOT NULL,
    rev         bigint NOT NULL,
    mutation_id uuid   NOT NULL,
    client      uuid   NOT NULL,
    author      text   COLLATE "C" NOT NULL,
    captured_at bigint NOT NULL,
    booked_at   bigint NOT NULL,
    PRIMARY KEY (site, order_id)
);
CREATE INDEX orders_by_rev ON orders (site, rev);
CREATE INDEX orders_by_number ON orders (site, number);

CREATE TABLE order_lines (
    site             text   COLLATE "C" NOT NULL,
    order_id         uuid   NOT NULL,
    line             bigint NOT NULL,
    product_id       uuid   NOT NULL,
    lot_id           uuid   NOT NULL,
    lot_code         text   COLLATE "C" NOT NULL,
    location         text   COLLATE "C" NOT NULL,
    quantity         bigint NOT NULL,
    unit_price_minor bigint NOT NULL,
    PRIMARY KEY (site, order_id, line),
    FOREIGN KEY (site, order_id) REFERENCES orders (site, order_id)
);

-- lines is the JSON of the row's lines. is_open says whether something is still to come: devices hold only those. closed says
-- that nothing more comes, whatever is missing.
CREATE TABLE deliveries (
    site        text    COLLATE "C" NOT NULL REFERENCES sites (site),
    delivery_id uuid    NOT NULL,
    number      text    COLLATE "C" NOT NULL,
    supplier    text    COLLATE "C" NOT NULL,
    expected_on text    COLLATE "C",
    lines       text    COLLATE "C" NOT NULL,
    closed      boolean NOT NULL,
    is_open     boolean NOT NULL,
    rev         bigint  NOT NULL,
    deleted_at  bigint,
    PRIMARY KEY (site, delivery_id)
);
CREATE INDEX deliveries_by_rev ON deliveries (site, rev);
CREATE INDEX deliveries_by_deletion ON deliveries (site, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX deliveries_open ON deliveries (site, delivery_id) WHERE is_open AND deleted_at IS NULL;

-- What did not come of a delivery that was closed: a line for each product of which less came than was expected.
CREATE TABLE shortages (
    site        text   COLLATE "C" NOT NULL REFERENCES sites (site),
    rev         bigint NOT NULL,
    line        bigint NOT NULL,
    delivery_id uuid   NOT NULL,
    number      text   COLLATE "C" NOT NULL,
    product_id  uuid   NOT NULL,
    expected    bigint NOT NULL,
    received    bigint NOT NULL,
    reason      text   COLLATE "C" NOT NULL,
    mutation_id uuid   NOT NULL,
    client      uuid   NOT NULL,
    author      text   COLLATE "C" NOT NULL,
    captured_at bigint NOT NULL,
    booked_at   bigint NOT NULL,
    PRIMARY KEY (site, rev, line)
);
CREATE INDEX shortages_by_product ON shortages (site, product_id, rev);

-- One of a kind for a lot, or for a product: then lot_id is nil, and its code and location are empty. It refers to no row,
-- because stock work is booked on deleted products, too. raised_at is the device's clock.
CREATE TABLE exceptions (
    site       text   COLLATE "C" NOT NULL REFERENCES sites (site),
    product_id uuid   NOT NULL,
    lot_id     uuid   NOT NULL,
    kind       text   COLLATE "C" NOT NULL,
    lot_code   text   COLLATE "C" NOT NULL,
    location   text   COLLATE "C" NOT NULL,
    other      uuid,
    before     bigint NOT NULL,
    after      bigint NOT NULL,
    basis      bigint,
    author     text   COLLATE "C" NOT NULL,
    raised_at  bigint NOT NULL,
    rev        bigint NOT NULL,
    deleted_at bigint,
    PRIMARY KEY (site, product_id, lot_id, kind)
);
CREATE INDEX exceptions_by_rev ON exceptions (site, rev);
CREATE INDEX exceptions_by_deletion ON exceptions (site, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX exceptions_by_other ON exceptions (site, other) WHERE deleted_at IS NULL AND other IS NOT NULL;

-- Who looked at an exception, and what came of it.
CREATE TABLE resolutions (
    site        text   COLLATE "C" NOT NULL REFERENCES sites (site),
    rev         bigint NOT NULL,
    line        bigint NOT NULL,
    kind        text   COLLATE "C" NOT NULL,
    product_id  uuid   NOT NULL,
    lot_id      uuid   NOT NULL,
    lot_code    text   COLLATE "C" NOT NULL,
    location    text   COLLATE "C" NOT NULL,
    reason      text   COLLATE "C" NOT NULL,
    mutation_id uuid   NOT NULL,
    client      uuid   NOT NULL,
    author      text   COLLATE "C" NOT NULL,
    captured_at bigint NOT NULL,
    booked_at   bigint NOT NULL,
    PRIMARY KEY (site, rev, line)
);
CREATE INDEX resolutions_by_product ON resolutions (site, product_id, rev);

-- Edits of products: the changed fields as JSON, with their values before and after. An import has no mutation and no client.
CREATE TABLE product_edits (
    site        text   COLLATE "C" NOT NULL REFERENCES sites (site),
    rev         bigint NOT NULL,
    line        bigint NOT NULL,
    product_id  uuid   NOT NULL,
    before      text   COLLATE "C" NOT NULL,
    after       text   COLLATE "C" NOT NULL,
    mutation_id uuid,
    client      uuid,
    author      text   COLLATE "C" NOT NULL,
    captured_at bigint NOT NULL,
    booked_at   bigint NOT NULL,
    PRIMARY KEY (site, rev, line)
);
CREATE INDEX edits_by_product ON product_edits (site, product_id, rev);

-- code is the spelling that is compared; devices is the JSON of the row's devices; booked_at is the server's clock at the last
-- change, for the retention.
CREATE TABLE unknown_codes (
    site       text   COLLATE "C" NOT NULL REFERENCES sites (site),
    code       text   COLLATE "C" NOT NULL,
    times      bigint NOT NULL,
    devices    text   COLLATE "C" NOT NULL,
    booked_at  bigint NOT NULL,
    rev        bigint NOT NULL,
    deleted_at bigint,
    PRIMARY KEY (site, code)
);
CREATE INDEX unknown_codes_by_rev ON unknown_codes (site, rev);
CREATE INDEX unknown_codes_by_deletion ON unknown_codes (site, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX unknown_codes_by_age ON unknown_codes (site, booked_at) WHERE deleted_at IS NULL;

-- One for each mutation that was refused and that nobody has settled since. action is its JSON, empty if there is none.
CREATE TABLE conflicts (
    site        text   COLLATE "C" NOT NULL REFERENCES sites (site),
    mutation_id uuid   NOT NULL,
    verdict     text   COLLATE "C" NOT NULL,
    code        text   COLLATE "C" NOT NULL,
    message     text   COLLATE "C" NOT NULL,
    action      text   COLLATE "C" NOT NULL,
    author      text   COLLATE "C" NOT NULL,
    captured_at bigint NOT NULL,
    booked_at   bigint NOT NULL,
    rev         bigint NOT NULL,
    deleted_at  bigint,
    PRIMARY KEY (site, mutation_id)
);
CREATE INDEX conflicts_by_rev ON conflicts (site, rev);
CREATE INDEX conflicts_by_deletion ON conflicts (site, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX conflicts_by_age ON conflicts (site, booked_at) WHERE deleted_at IS NULL;

-- Tokens are random, so their hashes are unique without an index that says so. clock_ahead_millis is negative if the device's
-- clock was behind at its last request, and none for builds that do not tell.
CREATE TABLE devices (
    site               text   COLLATE "C" NOT NULL REFERENCES sites (site),
    device             uuid   NOT NULL,
    name               text   COLLATE "C" NOT NULL,
    prefix             text   COLLATE "C" NOT NULL,
    token_hash         bytea  NOT NULL,
    enrolled_at        bigint NOT NULL,
    last_seen_at       bigint NOT NULL,
    revoked_at         bigint,
    clock_ahead_millis bigint,
    PRIMARY KEY (site, device)
);
CREATE UNIQUE INDEX devices_by_prefix ON devices (site, prefix);
-- The look-ups that cannot name a site: by the token of a request, the code of an enrolment, the client of a device.
CREATE INDEX devices_by_token ON devices (token_hash);

CREATE TABLE enrolment_codes (
    site        text   COLLATE "C" NOT NULL REFERENCES sites (site),
    code_hash   bytea  NOT NULL,
    device_name text   COLLATE "C" NOT NULL,
    expires_at  bigint NOT NULL,
    used_at     bigint,
    PRIMARY KEY (site, code_hash)
);
CREATE INDEX codes_by_hash ON enrolment_codes (code_hash);

-- A client is one life of one device's database. It has the outcomes up to acknowledged_seq, and does not ask for their receipts
-- any more.
CREATE TABLE clients (
    site             text   COLLATE "C" NOT NULL REFERENCES sites (site),
    client           uuid   NOT NULL,
    device           uuid   NOT NULL,
    max_seq          bigint NOT NULL,
    acknowledged_seq bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (site, client)
);
CREATE INDEX clients_by_client ON clients (client);
CREATE INDEX clients_by_device ON clients (site, device);

-- The stored outcome of every mutation: written with its effects, read again when it is sent again. rev is the site's revision
-- after the decision.
CREATE TABLE receipts (
    site        text   COLLATE "C" NOT NULL REFERENCES sites (site),
    client      uuid   NOT NULL,
    seq         bigint NOT NULL,
    mutation_id uuid   NOT NULL,
    verdict     text   COLLATE "C" NOT NULL,
    code        text   COLLATE "C" NOT NULL,
    message     text   COLLATE "C" NOT NULL,
    rev         bigint NOT NULL,
    touched     text   COLLATE "C" NOT NULL,
    booked_at   bigint NOT NULL,
    PRIMARY KEY (site, client, seq)
);
CREATE UNIQUE INDEX receipts_by_mutation ON receipts (site, mutation_id);
CREATE INDEX receipts_by_age ON receipts (site, booked_at);

-- A large import in progress. beats changes with every step; booked_at is the time that its rows are booked at; next is the
-- position of the next row.
CREATE TABLE imports (
    site      text   COLLATE "C" NOT NULL PRIMARY KEY REFERENCES sites (site),
    import_id uuid   NOT NULL,
    state     text   COLLATE "C" NOT NULL,
    beats     bigint NOT NULL,
    booked_at bigint NOT NULL,
    next      bigint NOT NULL DEFAULT 0
);

-- content is the JSON of a row of the files.
CREATE TABLE import_rows (
    site     text   COLLATE "C" NOT NULL REFERENCES sites (site),
    position bigint NOT NULL,
    content  text   COLLATE "C" NOT NULL,
    PRIMARY KEY (site, position)
);
