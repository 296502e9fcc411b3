//! The database that every run begins with a copy of: some sites, each with the catalogue and its devices.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use server::clock::Clock;
use server::enrolment::{self, Applicant};
use server::store::Store as _;
use server::store::sqlite::SqliteStore;
use tempfile::TempDir;
use test_postgres::{Database, Postgres};
use tests::Books;

use super::books;
use super::process;
use super::work::{Enrolled, LotOnHand};
use crate::catalogue::Catalogue;
use crate::settings::{Settings, Size};

const FILE: &str = "imported.db";

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A file with the sites, and a database of PostgreSQL with the same rows if there is a PostgreSQL.
#[derive(Debug)]
pub(crate) struct Imported {
    dir: TempDir,
    template: Option<Database>,
    /// The devices of each site.
    devices: Vec<Vec<Enrolled>>,
}

impl Imported {
    /// Imports a catalogue of `size` into each site, and enrols as many devices there as `devices` says.
    pub(crate) async fn new(
        settings: &Settings,
        postgres: Option<&Postgres>,
        size: Size,
        devices: &[usize],
    ) -> Result<Self> {
        let dir = TempDir::new()?;
        let file = dir.path().join(FILE);
        let catalogue = Catalogue::write(settings, size, dir.path())?;
        let mut of_sites = Vec::with_capacity(devices.len());
        for (site, &devices) in devices.iter().enumerate() {
            process::import(&settings.server, &file, &name(site), &catalogue).await?;
            of_sites.push(enrolled(&file, site, devices).await?);
        }
        let template = match postgres {
            Some(postgres) => Some(moved(&settings.server, &file, postgres.database()?).await?),
            None => None,
        };
        Ok(Self { dir, template, devices: of_sites })
    }

    /// `count` devices, evenly of the first sites.
    pub(crate) fn devices(&self, count: usize, sites: usize) -> Result<Vec<Enrolled>> {
        let device = |number: usize| self.devices.get(number % sites)?.get(number / sites).cloned();
        let devices: Option<_> = (0..count).map(device).collect();
        devices.context("too few devices are enrolled")
    }

    /// The engines that there is a database of.
    pub(crate) fn engines(&self) -> Vec<Engine> {
        let postgres = self.template.is_some().then_some(Engine::Postgres);
        [Engine::Sqlite].into_iter().chain(postgres).collect()
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join(FILE)
    }

    /// The lots of each site.
    pub(crate) fn lots(&self) -> Result<Vec<Vec<LotOnHand>>> {
        (0..self.devices.len()).map(|site| books::lots(&self.file(), &name(site))).collect()
    }

    /// A copy that is on disk before anything is measured. A file is called `of`, and replaces an earlier one of that name.
    pub(crate) fn copy(&self, engine: Engine, of: &str) -> Result<Books> {
        match engine {
            Engine::Sqlite => Ok(Books::File(self.copy_file(of)?)),
            Engine::Postgres => {
                let template = self.template.as_ref().context("there is no PostgreSQL")?;
                let copy = template.copy()?;
                copy.as_superuser("CHECKPOINT")?;
                Ok(Books::Postgres(Arc::new(copy)))
            }
        }
    }

    fn copy_file(&self, name: &str) -> Result<PathBuf> {
        let copy = self.dir.path().join(name);
        for suffix in ["-wal", "-shm"] {
            let left = self.dir.path().join(format!("{name}{suffix}"));
            if left.exists() {
                fs::remove_file(left)?;
            }
        }
        fs::copy(self.file(), &copy).context("the imported database cannot be copied")?;
        fs::File::open(&copy)?.sync_all()?;
        Ok(copy)
    }
}

async fn moved(program: &Path, file: &Path, template: Database) -> Result<Database> {
    process::move_to(program, file, template.url()).await?;
    // As in a database that has been in use for a while.
    template.as_superuser("ANALYZE")?;
    Ok(template)
}

/// Enrols devices directly in the store, because enrolment over HTTP is rate-limited.
async fn enrolled(file: &Path, site: usize, devices: usize) -> Result<Vec<Enrolled>> {
    let (store, now) = (SqliteStore::open(file)?, Clock::default().now());
    let sites = store.sites().await?;
    let rev = sites.iter().find(|one| one.site == name(site)).context("a site is missing")?.rev;
    let mut all = Vec::with_capacity(devices);
    for _ in 0..devices {
        let code = enrolment::new_code(&store, &name(site), "", now).await?;
        let enrolled = enrolment::enrol(&store, &code, Applicant::default(), now).await?;
        let (_, token) = enrolled.ok().context("a fresh code was refused")?;
        all.push(Enrolled { site, rev, token });
    }
    Ok(all)
}

/// The name of a site.
fn name(site: usize) -> String {
    format!("site-{site}")
}
