//! Files as other programs write them.

use std::fs;

use anyhow::Result;
use server::DEFAULT_SITE;
use server::csv::{DecimalSign, FileEncoding, Reading, Source};
use server::export::export;
use server::import::{ImportOptions, ImportReport, import};
use server::store::sqlite::SqliteStore;
use sync::UnixMillis;
use tempfile::TempDir;

const NOW: UnixMillis = UnixMillis(1_795_000_000_000);
const PRODUCTS: &str = "sku,barcode,name,unit,price_minor,currency\n";
const LOTS: &str = "sku,lot_code,location,quantity\n";
const DELIVERIES: &str = "number,supplier,expected_on,sku,quantity\n";

/// A database of its own.
struct Site {
    dir: TempDir,
    store: SqliteStore,
}

/// Files to import.
#[derive(Default)]
struct Files<'t> {
    products: Option<&'t str>,
    lots: Option<&'t str>,
    deliveries: Option<&'t str>,
    skip_bad: bool,
    reading: Reading,
}

impl<'t> Files<'t> {
    /// Files of products, lots and deliveries.
    fn of([products, lots, deliveries]: &'t [String; 3]) -> Self {
        let (products, lots, deliveries) = (Some(&**products), Some(&**lots), Some(&**deliveries));
        Self { products, lots, deliveries, ..Self::default() }
    }

    fn options(&self) -> ImportOptions {
        let source = |name: &str, text: Option<&str>| {
            text.map(|text| Source::text(name, text.to_owned()).read_as(self.reading))
        };
        ImportOptions {
            site: DEFAULT_SITE.to_owned(),
            products: source("products.csv", self.products),
            lots: source("lots.csv", self.lots),
            deliveries: source("deliveries.csv", self.deliveries),
            skip_bad: self.skip_bad,
        }
    }
}

impl Site {
    fn open() -> Result<Self> {
        let dir = TempDir::new()?;
        let store = SqliteStore::open(&dir.path().join("lotbook.db"))?;
        Ok(Self { dir, store })
    }

    async fn import(&self, files: Files<'_>) -> Result<ImportReport> {
        import(&self.store, files.options(), NOW).await
    }

    /// The first column of every row.
    fn column<T: rusqlite::types::FromSql>(&self, sql: &str) -> Result<Vec<T>> {
        let connection = rusqlite::Connection::open(self.dir.path().join("lotbook.db"))?;
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The exported files of products, lots and deliveries.
    async fn exported(&self) -> Result<[String; 3]> {
        let [products, lots, deliveries] = ["p.csv", "l.csv", "d.csv"].map(|name| self.dir.path().join(name));
        export(&self.store, DEFAULT_SITE, &products, &lots, Some(&deliveries)).await?;
        Ok([fs::read_to_string(products)?, fs::read_to_string(lots)?, fs::read_to_string(deliveries)?])
    }

    fn quantities(&self) -> Result<Vec<i64>> {
        self.column("SELECT quantity FROM inventory_lots ORDER BY lot_code")
    }
}

#[tokio::test]
async fn numbers_with_two_readings_are_refused_until_the_decimal_sign_is_given() -> Result<()> {
    let site = Site::open()?;
    let products = format!("{PRODUCTS}A,,Apple,kg,100,EUR\n");
    let lots = format!("{LOTS}A,L1,A-1,\"1,250\"\nA,L2,A-1,12.000\nA,L3,A-1,2.5\n");
    let files = |decimal| Files {
        products: Some(&products),
        lots: Some(&lots),
        reading: Reading { decimal, ..Reading::default() },
        ..Files::default()
    };
    let error = site.import(files(None)).await.expect_err("two readings").to_string();
    for part in [
        "lots.csv, line 2, column quantity: \"1,250\" may be 1250 or 1.25; say which with --decimal comma or \
         --decimal point",
        "lots.csv, line 3, column quantity: \"12.000\" may be 12000 or 12; say which",
        "2 bad lines in all",
    ] {
        assert!(error.contains(part), "{error}\nlacks: {part}");
    }
    site.import(files(Some(DecimalSign::Point))).await?;
    assert_eq!(site.quantities()?, [1_250_000, 12_000, 2_500]);
    let error = site.import(files(Some(DecimalSign::Comma))).await.expect_err("groups").to_string();
    assert!(error.contains("line 4, column quantity: \"2.5\" is not grouped in thousands"), "{error}");
    Ok(())
}

#[tokio::test]
async fn counted_products_have_no_fractions_in_files() -> Result<()> {
    let site = Site::open()?;
    let products = format!("{PRODUCTS}A,,Apple,each,100,EUR\nB,,Butter,kg,100,EUR\n");
    site.import(Files { products: Some(&products), ..Files::default() }).await?;
    let lots = format!("{LOTS}A,L1,A-1,2.5\nB,L2,A-1,2.5\nA,L3,A-1,3.0\n");
    let error = site.import(Files { lots: Some(&lots), ..Files::default() }).await;
    let error = error.expect_err("counted").to_string();
    let part = "line 2, column quantity: \"2.5\" is not a whole number, but this product is counted";
    assert!(error.contains(part) && error.contains("1 bad line in all"), "{error}");
    let deliveries = "number,supplier,expected_on,sku,quantity,received\nLS-1,,,A,1.5,\nLS-2,,,A,1,0.5\n";
    let error = site.import(Files { deliveries: Some(deliveries), ..Files::default() }).await;
    let error = error.expect_err("counted").to_string();
    assert!(error.contains("line 2, column quantity: \"1.5\" is not a whole number"), "{error}");
    assert!(error.contains("line 3, column received: \"0.5\" is not a whole number"), "{error}");
    // The unit in the same file counts.
    let weighed = products.replace("Apple,each", "Apple,kg");
    site.import(Files { products: Some(&weighed), lots: Some(&lots), ..Files::default() }).await?;
    assert_eq!(site.quantities()?, [2_500, 2_500, 3_000]);
    Ok(())
}

#[tokio::test]
async fn an_export_replaces_files_only() -> Result<()> {
    let site = Site::open()?;
    let socket = site.dir.path().join("p.csv");
    let _listener = std::os::unix::net::UnixListener::bind(&socket)?;
    let refused = site.exported().await.expect_err("a socket").to_string();
    assert_eq!(refused, format!("{} is no file. Name a file to write or to replace.", socket.display()));
    assert!(!socket.is_file());
    Ok(())
}

#[tokio::test]
async fn exported_numbers_have_one_reading() -> Result<()> {
    let site = Site::open()?;
    let products = format!("{PRODUCTS}A,,Apple,kg,100,EUR\n");
    let lots = format!("{LOTS}A,L1,A-1,1.1250\nA,L2,A-1,-0.125\n");
    site.import(Files { products: Some(&products), lots: Some(&lots), ..Files::default() }).await?;
    let [_, written, _] = site.exported().await?;
    assert!(written.contains("A,L1,A-1,1.1250,available"), "{written}");
    let again = site.import(Files { lots: Some(&written), ..Files::default() }).await?;
    assert_eq!((again.imported.unchanged, again.imported.changed), (2, 0));
    Ok(())
}

/// Texts at which a spreadsheet would begin a formula, and texts with an apostrophe of their own.
const SPECIAL: [&str; 9] =
    ["=1+1", "+A123", "-12A", "@home", "'-12A", "''=x", "'s Heerenberg", "-5", "'4006381333931x"];

#[tokio::test]
async fn what_an_export_guards_is_read_back_as_it_was() -> Result<()> {
    let site = Site::open()?;
    let [mut products, mut lots, mut deliveries] = [PRODUCTS, LOTS, DELIVERIES].map(str::to_owned);
    for text in SPECIAL {
        // An apostrophe before a formula is a guard in a file, so real ones are written twice.
        let cell = domain::guarded(text);
        products += &format!("{cell},{cell},\"{cell}, big\",each,100,EUR\n");
        lots += &format!("{cell},{cell},{cell},10\n");
        deliveries += &format!("{cell},{cell},,{cell},4\n");
    }
    site.import(Files::of(&[products, lots, deliveries])).await?;
    let mut sorted = SPECIAL.map(str::to_owned).to_vec();
    sorted.sort();
    for sql in [
        "SELECT sku FROM products ORDER BY 1",
        "SELECT barcode FROM products ORDER BY 1",
        "SELECT replace(name, ', big', '') FROM products ORDER BY 1",
        "SELECT lot_code FROM inventory_lots ORDER BY 1",
        "SELECT location FROM inventory_lots ORDER BY 1",
        "SELECT number FROM deliveries ORDER BY 1",
    ] {
        assert_eq!(site.column::<String>(sql)?, sorted, "{sql}");
    }
    let out = site.exported().await?;
    for cell in ["'=1+1", "'+A123", "'-12A", "'@home", "''-12A", "'''=x", "'s Heerenberg", "-5"] {
        assert!(out.iter().all(|file| file.contains(&format!("\n{cell},"))), "{cell} in {out:?}");
    }
    let copy = Site::open()?;
    let report = copy.import(Files::of(&out)).await?;
    assert_eq!((report.imported.added, report.imported.changed), (27, 0));
    assert_eq!(copy.exported().await?, out);
    let report = site.import(Files::of(&out)).await?;
    assert_eq!((report.imported.added, report.imported.changed, report.imported.unchanged), (0, 0, 27));
    Ok(())
}

#[tokio::test]
async fn a_table_saved_by_the_app_is_imported_without_new_lots() -> Result<()> {
    let site = Site::open()?;
    let products = format!("{PRODUCTS}-S1,+A123,=Oats,kg,100,EUR\n");
    let lots = format!("{LOTS}-S1,-12A,@1,10\n");
    site.import(Files { products: Some(&products), lots: Some(&lots), ..Files::default() }).await?;
    let products = "\u{feff}sku,barcode,name,unit,price,price_minor,currency,family,variant\r\n\
                    '-S1,'+A123,'=Oats,kg,1.00,100,EUR,,\r\n";
    let lots = "\u{feff}sku,name,lot_code,location,quantity,unit,status,expires_on,received_on,value,\
                currency\r\n'-S1,'=Oats,'-12A,'@1,10,kg,available,,,10.00,EUR\r\n";
    let again = site.import(Files { products: Some(products), lots: Some(lots), ..Files::default() }).await?;
    assert_eq!((again.imported.unchanged, again.imported.added, again.imported.changed), (2, 0, 0));
    assert_eq!(site.quantities()?, [10_000]);
    Ok(())
}

#[tokio::test]
async fn invisible_controls_in_names_are_left_out_with_a_word() -> Result<()> {
    let site = Site::open()?;
    let products = format!("{PRODUCTS}A,,B\u{92}uf \u{202e}bio,each,100,EUR\nB,,Bread,each,100,EUR\n");
    let report = site.import(Files { products: Some(&products), ..Files::default() }).await?;
    let warning =
        "1 names had invisible control characters, which were left out; the first is in line 2: Buf bio";
    assert_eq!(report.warnings, [warning]);
    assert_eq!(site.column::<String>("SELECT name FROM products ORDER BY sku")?, ["Buf bio", "Bread"]);
    Ok(())
}

#[tokio::test]
async fn damaged_barcodes_are_mended_if_that_is_certain() -> Result<()> {
    let site = Site::open()?;
    let products = format!(
        "{PRODUCTS}A,=\"4006381333931\",Apple,each,100,EUR\nB,36000291452,Bread,each,100,EUR\n\
         C,978-3-16-148410-0,Cookbook,each,100,EUR\nD,SHELF-7,Dates,each,100,EUR\n"
    );
    let report = site.import(Files { products: Some(&products), ..Files::default() }).await?;
    let warning = "3 barcodes were damaged by a spreadsheet and have been mended; the first is in line 2: \
                   =\"4006381333931\" was read as 4006381333931";
    assert_eq!(report.warnings, [warning]);
    let barcodes = site.column::<String>("SELECT barcode FROM products ORDER BY sku")?;
    assert_eq!(barcodes, ["4006381333931", "036000291452", "9783161484100", "SHELF-7"]);
    let lost = format!("{PRODUCTS}E,4.00638E+12,Eggs,each,100,EUR\n");
    let error = site.import(Files { products: Some(&lost), ..Files::default() }).await;
    let error = error.expect_err("lost digits").to_string();
    let part = "products.csv, line 2, column barcode: \"4.00638E+12\" is not a barcode: a spreadsheet has \
                dropped its digits; format the column as text";
    assert!(error.contains(part), "{error}");
    Ok(())
}

#[tokio::test]
async fn tables_of_spreadsheets_are_read() -> Result<()> {
    for products in [
        "sep=;\r\nsku;barcode;name;unit;price_minor;currency\r\nA;;Apple, red;each;100;EUR\r\n",
        "sku;barcode;name;unit;price_minor;currency;;\nA;;Apple, red;each;100;EUR;;\n;;;;;;;\n",
        "sku\tbarcode\tname\tunit\tprice_minor\tcurrency\nA\t\tApple, red\teach\t100\tEUR\n\t\t\n",
        "\n,,\nsku,barcode,name,unit,price_minor,currency\nA,,\"Apple, red\",each,100,EUR,,,\n\n , ,\n",
        "\u{feff}\"sku\",barcode,name,unit,price_minor,currency\rA,,\"Apple, red\",each,100,EUR\r",
    ] {
        let site = Site::open()?;
        let report = site.import(Files { products: Some(products), ..Files::default() }).await?;
        assert_eq!(report.imported.added, 1, "{products}");
        assert_eq!(site.column::<String>("SELECT name FROM products")?, ["Apple, red"]);
    }
    let site = Site::open()?;
    let products =
        "\n\nsku;barcode;name;unit;price_minor;currency\n\nA;;Apple;each;1.5;EUR\nB;;;each;1;EUR;;x\n";
    let error = site.import(Files { products: Some(products), ..Files::default() }).await;
    let error = error.expect_err("bad lines").to_string();
    assert!(error.contains("line 5, column price_minor: \"1.5\" is not a whole number"), "{error}");
    assert!(error.contains("line 6: it has 8 fields, the header has 6"), "{error}");
    Ok(())
}

#[tokio::test]
async fn lines_that_an_open_quote_swallows_are_named_and_counted() -> Result<()> {
    let line = |sku: &str, name: &str| format!("{sku},,{name},each,100,EUR\n");
    let lines = |names: &[&str]| -> String {
        let skus = ["A", "B", "C", "D", "E", "F", "G"];
        skus.iter().zip(names).map(|(sku, name)| line(sku, name)).collect()
    };
    let cases = [
        // Closed by the next quote in the file.
        (vec!["a", "b", "c", "\"d", "e", "\"f, g\"", "h"], 4, 5, 7, 3),
        // Never closed.
        (vec!["a", "b", "c", "d", "\"e", "f", "g"], 4, 6, 8, 3),
    ];
    for (names, added, first, last, count) in cases {
        let site = Site::open()?;
        let products = format!("{PRODUCTS}{}", lines(&names));
        let files = Files { products: Some(&products), skip_bad: true, ..Files::default() };
        let report = site.import(files).await?;
        let reason = format!(
            "lines {first} to {last} were read as one, because a quote in line {first} is not closed"
        );
        let [bad] = report.skipped.as_slice() else { panic!("{:?}", report.skipped) };
        assert_eq!((bad.line, bad.lines, bad.reason.as_str()), (first, count, reason.as_str()));
        assert_eq!(report.imported.added, added);
        assert!(server::import::listed(&report.skipped).ends_with("3 bad lines in all"));
    }
    // The last field of the header is open to any text.
    let site = Site::open()?;
    let lots = "sku,lot_code,location,quantity,note\nA,L1,A-1,1,\"open\nA,L2,A-1,1,\nA,L3,A-1,1,\n";
    let apple = format!("{PRODUCTS}{}", line("A", "Apple"));
    let files = Files { products: Some(&apple), lots: Some(lots), skip_bad: true, ..Files::default() };
    let report = site.import(files).await?;
    assert_eq!((report.skipped[0].line, report.skipped[0].lines), (2, 3));
    // A quoted line break is a part of the field.
    let lots = "sku,lot_code,location,quantity,note\nA,L1,A-1,1,\"two\nlines\"\nA,L2,A-1,1,\n";
    let report = site.import(Files { lots: Some(lots), ..Files::default() }).await?;
    assert_eq!(report.imported.added, 2);
    Ok(())
}

#[tokio::test]
async fn other_encodings_are_read_and_the_error_names_the_option() -> Result<()> {
    let site = Site::open()?;
    let file = site.dir.path().join("p.csv");
    fs::write(&file, [PRODUCTS.as_bytes(), b"A,,Cr\xe8me,each,100,EUR\n"].concat())?;
    let options = |encoding| -> Result<ImportOptions> {
        let source = Source::open(&file)?.read_as(Reading { encoding, ..Reading::default() });
        Ok(ImportOptions { products: Some(source), ..Files::default().options() })
    };
    let error = import(&site.store, options(None)?, NOW).await.expect_err("not UTF-8").to_string();
    let part = "p.csv, line 2: field 3 is not UTF-8 text; save the file as UTF-8, or say its encoding with \
                --encoding, such as windows-1252";
    assert!(error.contains(part), "{error}");
    import(&site.store, options(Some(FileEncoding::Windows1252))?, NOW).await?;
    assert_eq!(site.column::<String>("SELECT name FROM products")?, ["Crème"]);
    let wide = format!("\u{feff}{PRODUCTS}A,,Käse,each,100,EUR\n");
    fs::write(&file, wide.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())?;
    import(&site.store, options(None)?, NOW).await?;
    assert_eq!(site.column::<String>("SELECT name FROM products")?, ["Käse"]);
    Ok(())
}
