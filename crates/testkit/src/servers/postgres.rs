//! PostgreSQL.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tls::Listener;
use super::{Server, program};

/// With all that makes a DSN hard to read.
const PASSWORD: &str = "p@ss/w:rd?#%&=";

/// Over the network only with TLS, and into one of the databases only with a certificate.
const HBA: &str = "local all all password
hostssl template1 all all password clientcert=verify-ca
hostssl all all all password
";

/// Paths of the certificates are meant from the data folder, that of the other file from where the server is started.
const SECURED: [&str; 10] = [
    "-c",
    "ssl=on",
    "-c",
    "ssl_cert_file=../certificate.pem",
    "-c",
    "ssl_key_file=../key.pem",
    "-c",
    "ssl_ca_file=../authority.pem",
    "-c",
    "hba_file=hba",
];

pub(super) fn start(listener: Option<&Listener>) -> Server {
    super::start(
        |folder| {
            let password = folder.join("password");
            std::fs::write(&password, PASSWORD).expect("the folder can be written");
            if let Some(listener) = listener {
                listener.write_files(folder);
                std::fs::write(folder.join("hba"), HBA).expect("the folder can be written");
            }
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
            let settings = ["fsync=off", "full_page_writes=off", "max_connections=1000", "timezone=Asia/Kolkata"];
            server.args(settings.iter().flat_map(|setting| ["-c", *setting]));
            match listener {
                None => server.args(["-c", "listen_addresses="]),
                Some(listener) => server.arg("-p").arg(listener.port.to_string()).args(SECURED),
            };
            server
        },
        |folder| {
            let mut client = client(folder, "postgres");
            client.envs(listener.map(|listener| ("PGPORT", listener.port.to_string()))).args(["-c", "SELECT 1"]);
            client.output().is_ok_and(|output| output.status.success())
        },
    )
}

pub(super) fn dsn_by(addr: SocketAddr, database: &str) -> String {
    format!("host={} port={} {} sslmode=disable", addr.ip(), addr.port(), login(database))
}

pub(super) fn dsn(folder: &Path, database: &str) -> String {
    format!("host={} {}", folder.display(), login(database))
}

fn login(database: &str) -> String {
    let quoted = PASSWORD.replace('\\', r"\\").replace('\'', r"\'");
    format!("user=tester password='{quoted}' dbname={database}")
}

pub(super) fn tls_dsn(address: &str, options: &str, with_certificate: bool) -> String {
    let database = if with_certificate { "template1" } else { "postgres" };
    let password = PASSWORD.replace('%', "%25").replace('@', "%40").replace('#', "%23");
    let password = password.replace('/', "%2F").replace(':', "%3A").replace('?', "%3F");
    format!("postgres://tester:{password}@{address}/{database}?{options}")
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
