//! PostgreSQL.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Server, program};

/// With all that makes a DSN hard to read.
const PASSWORD: &str = "p@ss/w:rd?#%&=";

pub(super) fn start() -> Server {
    super::start(
        |folder| {
            let password = folder.join("password");
            // Read by the server's user, who owns the folder and not the file.
            std::fs::write(&password, PASSWORD).expect("the folder can be written");
            let mut init = Command::new(program("initdb", &folders()));
            init.arg("-D").arg(folder.join("data")).arg("--pwfile").arg(password);
            // In clear: the digests of SCRAM take long in a program without optimisation.
            init.args(["-U", "tester", "-A", "password", "-E", "UTF8", "--locale=C", "--no-sync"]);
            vec![init]
        },
        |folder| {
            let mut server = Command::new(program("postgres", &folders()));
            server.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
            // What is lost when the machine breaks down is of no use to a test.
            let settings = [
                "listen_addresses=",
                "fsync=off",
                "full_page_writes=off",
                "max_connections=1000",
                "timezone=Asia/Kolkata",
            ];
            server.args(settings.iter().flat_map(|setting| ["-c", *setting]));
            server
        },
        |folder| {
            client(folder, "postgres").args(["-c", "SELECT 1"]).output().is_ok_and(|output| output.status.success())
        },
    )
}

pub(super) fn dsn(folder: &Path, database: &str) -> String {
    let quoted = PASSWORD.replace('\\', r"\\").replace('\'', r"\'");
    format!("host={} user=tester password='{quoted}' dbname={database}", folder.display())
}

pub(super) fn client(folder: &Path, database: &str) -> Command {
    let mut client = Command::new(program("psql", &folders()));
    client.args([
        "-X",
        "-q",
        "-A",
        "-t",
        "-F",
        "\t",
        "-P",
        "null=NULL",
        "-v",
        "ON_ERROR_STOP=1",
        "-U",
        "tester",
        "-d",
        database,
    ]);
    client.arg("-h").arg(folder).env("PGPASSWORD", PASSWORD).env("PGTZ", "UTC");
    client
}

/// Debian keeps the programs of each version apart.
fn folders() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut folders: Vec<PathBuf> = versions.filter_map(|version| Some(version.ok()?.path().join("bin"))).collect();
    folders.sort();
    folders.reverse();
    folders
}
