use std::path::Path;

use super::{Dsn, DsnError};

fn parse(text: &str) -> Result<Dsn, DsnError> {
    text.parse()
}

#[test]
fn paths_name_sqlite_files() {
    let cases = [
        ("./data/gpt-load.db", "./data/gpt-load.db", "./data"),
        ("gpt-load.db", "gpt-load.db", "."),
        ("/srv/a b/x.db?_pragma=foreign_keys(1)", "/srv/a b/x.db", "/srv/a b"),
        ("sqlite://./data/x.db", "./data/x.db", "./data"),
        ("sqlite:///data/x.db", "/data/x.db", "/data"),
        ("sqlite:x.db", "x.db", "."),
        ("file:/data/a%20b%zz.db?cache=shared", "/data/a b%zz.db", "/data"),
        (r"C:\data\x.db", r"C:\data\x.db", "."),
    ];
    for (text, file, dir) in cases {
        let dsn = parse(text).unwrap();
        assert_eq!(dsn, Dsn::Sqlite(file.into()), "{text}");
        assert_eq!(dsn.data_dir(), Some(Path::new(dir)), "{text}");
    }
    for text in [":memory:", "sqlite::memory:", "file::memory:?cache=shared"] {
        assert_eq!(parse(text), Ok(Dsn::Memory));
    }
}

#[test]
fn servers_are_refused_without_their_password() {
    let cases = [
        ("postgres://u:hunter2@db:5432/gpt", "PostgreSQL"),
        ("postgresql://u:hunter2@db/gpt?sslmode=disable", "PostgreSQL"),
        ("u:hunter2@tcp(db:3306)/gpt?charset=utf8mb4&parseTime=True&loc=Local", "MySQL"),
        ("u:hunter2@unix(/run/mysql.sock)/gpt", "MySQL"),
        ("mysql://u:hunter2@db/gpt", "MySQL"),
    ];
    for (text, server) in cases {
        let error = parse(text).unwrap_err();
        assert_eq!(error, DsnError::NotSupported(server), "{text}");
        assert!(error.to_string().contains("not supported yet by this build"));
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[test]
fn what_is_no_database_is_refused() {
    assert_eq!(parse("  "), Err(DsnError::Empty));
    assert_eq!(parse("sqlite://?x"), Err(DsnError::Empty));
    let error = parse("redis://:hunter2@host/1").unwrap_err();
    assert_eq!(error, DsnError::UnknownScheme("redis".to_owned()));
    assert!(!error.to_string().contains("hunter2"));
    for text in ["u:hunter2@db/gpt?next=http://x", "password=hunter2 host=db://", "://x"] {
        assert_eq!(parse(text), Err(DsnError::Unreadable), "{text}");
    }
}
