//! MariaDB.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tls::Listener;
use super::{Server, program};

/// With all that makes a DSN hard to read.
const PASSWORD: &str = "p@ss)/w:rd?#%&=";

/// Its zone is neither ours nor that of the DSN.
const OPTIONS: [&str; 5] = [
    "--no-defaults",
    "--max-connections=1000",
    "--innodb-buffer-pool-size=128M",
    "--default-time-zone=+05:30",
    "--character-set-server=utf8mb4",
];

/// Over the network only with TLS. Paths are meant from the data folder.
const SECURED: [&str; 5] = [
    "--bind-address=127.0.0.1",
    "--require-secure-transport=ON",
    "--ssl-cert=../certificate.pem",
    "--ssl-key=../key.pem",
    "--ssl-ca=../authority.pem",
];

/// One may do everything; another one is let in with a certificate only. A statement a line.
fn users() -> String {
    let users = ["tester@localhost", "tester@'%'"];
    let create = users.map(|user| {
        format!("CREATE USER {user} IDENTIFIED BY '{PASSWORD}';\nGRANT ALL ON *.* TO {user} WITH GRANT OPTION;\n")
    });
    let certified = format!("CREATE USER certified@'%' IDENTIFIED BY '{PASSWORD}' REQUIRE X509;\n");
    create.concat() + &certified + "GRANT ALL ON *.* TO certified@'%';\n"
}

pub(super) fn start(listener: Option<&Listener>) -> Server {
    super::start(
        |folder| {
            let mut install = Command::new("mariadb-install-db");
            install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--force"]);
            install.arg(format!("--datadir={}", folder.join("data").display()));
            std::fs::write(folder.join("users.sql"), users()).expect("the folder can be written");
            if let Some(listener) = listener {
                listener.write_files(folder);
            }
            vec![install]
        },
        |folder| {
            // It waits for the disk at each statement about a table, whatever its options say.
            let mut server = Command::new("eatmydata");
            server.arg(program("mariadbd", &["/usr/sbin".into()])).args(OPTIONS);
            for (option, path) in
                [("datadir", "data"), ("socket", "socket"), ("pid-file", "pid"), ("init-file", "users.sql")]
            {
                server.arg(format!("--{option}={}", folder.join(path).display()));
            }
            match listener {
                None => server.arg("--skip-networking"),
                Some(listener) => server.arg(format!("--port={}", listener.port)).args(SECURED),
            };
            server
        },
        |folder| client(folder, "mysql").args(["-e", "SELECT 1"]).output().is_ok_and(|output| output.status.success()),
    )
}

/// Times stand in another zone than the server's and, mostly, ours.
pub(super) fn dsn(folder: &Path, database: &str) -> String {
    let socket: PathBuf = folder.join("socket");
    format!(
        "tester:{PASSWORD}@unix({})/{database}?charset=utf8mb4&parseTime=True&loc=Asia%2FShanghai",
        socket.display()
    )
}

pub(super) fn dsn_by(addr: SocketAddr, database: &str) -> String {
    format!("tester:{PASSWORD}@tcp({addr})/{database}?charset=utf8mb4&parseTime=True&loc=Asia%2FShanghai")
}

pub(super) fn tls_dsn(address: &str, options: &str, with_certificate: bool) -> String {
    let user = if with_certificate { "certified" } else { "tester" };
    format!("{user}:{PASSWORD}@tcp({address})/mysql?{options}")
}

pub(super) fn client(folder: &Path, database: &str) -> Command {
    let mut client = Command::new("mariadb");
    client.args([
        "--no-defaults",
        "--batch",
        "--unbuffered",
        "--raw",
        "--skip-column-names",
        "--default-character-set=utf8mb4",
        "-u",
        "tester",
    ]);
    client.arg(format!("--socket={}", folder.join("socket").display())).env("MYSQL_PWD", PASSWORD).arg(database);
    client
}
