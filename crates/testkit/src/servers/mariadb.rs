//! MariaDB.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Server, program};

/// With all that makes a DSN hard to read.
const PASSWORD: &str = "p@ss)/w:rd?#%&=";

/// Its zone is neither ours nor that of the DSN.
const OPTIONS: [&str; 6] = [
    "--no-defaults",
    "--skip-networking",
    "--max-connections=1000",
    "--innodb-buffer-pool-size=128M",
    "--default-time-zone=+05:30",
    "--character-set-server=utf8mb4",
];

pub(super) fn start() -> Server {
    super::start(
        |folder| {
            let mut install = Command::new("mariadb-install-db");
            install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--force"]);
            install.arg(format!("--datadir={}", folder.join("data").display()));
            vec![install]
        },
        |folder| {
            let file = folder.join("users.sql");
            let users = format!(
                "CREATE USER tester@localhost IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO tester@localhost WITH GRANT OPTION"
            );
            std::fs::write(&file, users.replace("; ", ";\n") + ";\n").expect("the folder can be written");
            // It waits for the disk at each statement about a table, whatever its options say.
            let mut server = Command::new("eatmydata");
            server.arg(program("mariadbd", &["/usr/sbin".into()])).args(OPTIONS);
            for (option, path) in
                [("datadir", "data"), ("socket", "socket"), ("pid-file", "pid"), ("init-file", "users.sql")]
            {
                server.arg(format!("--{option}={}", folder.join(path).display()));
            }
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
