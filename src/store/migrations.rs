//! All migrations, in both dialects under the same names. The files are never changed once they were released, only added to.

use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::Dialect;

/// One step, as each database is told it.
struct Step {
    /// `<stamp>_<verb>_<noun>`, the file's name.
    stem: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// Both files of each step.
macro_rules! steps {
    ($($stem:literal,)*) => {
        &[$(Step {
            stem: $stem,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $stem, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $stem, ".sql")),
        },)*]
    };
}

/// The oldest first. Append only.
const STEPS: &[Step] = steps![
    "20261122000100_create_people",
    "20261122000200_create_inbox",
    "20261122000300_create_sessions",
    "20261122000400_create_practices",
    "20261122000500_create_schedules",
    "20261122000600_create_outbox",
    "20261122000700_create_script_texts",
    "20261122000800_add_account_language",
    "20261122000900_create_leases",
    "20261122001000_add_outbox_fair_key",
    "20261122001100_create_heartbeat",
    "20261122001200_add_schedule_tzdb",
    "20261122001300_create_deeds",
    "20261122001400_add_promise_sure",
];

impl Step {
    fn version(&self) -> i64 {
        self.stem.split('_').next().and_then(|stamp| stamp.parse().ok()).unwrap_or_default()
    }

    fn description(&self) -> String {
        self.stem.split_once('_').map_or(String::new(), |(_, words)| words.replace('_', " "))
    }

    fn sql(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
}

/// The version of the first step: every database of ours has it.
pub(super) fn oldest() -> i64 {
    STEPS.first().map_or(0, Step::version)
}

/// The version of the last step that this program knows.
pub(super) fn newest() -> i64 {
    STEPS.last().map_or(0, Step::version)
}

/// What brings a database up to date.
pub(super) fn migrator(dialect: Dialect) -> Migrator {
    let migration = |step: &Step| {
        let sql = SqlStr::from_static(step.sql(dialect));
        Migration::new(step.version(), step.description().into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(STEPS.iter().map(migration).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    #[test]
    fn every_file_is_carried_out_on_its_database_in_its_order() {
        let known: Vec<String> = STEPS.iter().map(|step| format!("{}.sql", step.stem)).collect();
        assert!(known.is_sorted());
        for folder in ["migrations/sqlite", "migrations/postgres"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            let mut files: Vec<String> =
                fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
            files.sort();
            assert_eq!(files, known);
        }
    }

    #[test]
    fn a_name_holds_a_version_and_what_is_done() {
        assert_eq!((oldest(), STEPS[0].description().as_str()), (20_261_122_000_100, "create people"));
    }
}
