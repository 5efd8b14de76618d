//! `DATABASE_DSN`.

use storage::Dsn;

use crate::input::text;

const PASSWORD: &str = "hunter2";

/// What can't be used is refused without showing anything of it but a URL's scheme; a path stays a path.
pub fn dsn(data: &[u8]) {
    let text = text(data);
    match text.parse::<Dsn>() {
        Ok(Dsn::Sqlite(file)) => {
            assert!(!file.as_os_str().is_empty());
            let dsn = Dsn::Sqlite(file.clone());
            assert!(dsn.data_dir().is_some_and(|dir| !dir.as_os_str().is_empty()), "no folder");
            let path = file.to_str().expect("paths come from text");
            let plain =
                !path.contains(['?', '@']) && !path.starts_with("//") && path.trim() == path && path != ":memory:";
            assert!(!plain || format!("sqlite:{path}").parse() == Ok(dsn), "{path:?} is not kept");
        }
        Ok(Dsn::Memory) => assert!(text.contains(":memory:")),
        Ok(Dsn::Postgres(server) | Dsn::MySql { server, .. }) => assert!(!server.user.is_empty()),
        Err(error) => {
            let said = error.to_string();
            let scheme = text.trim().split_once("://").map_or("", |(scheme, _)| scheme);
            let is_scheme = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            assert!(!said.contains(PASSWORD) || is_scheme && scheme.contains(PASSWORD), "{said}");
            assert!(said.len() < 200 && !said.contains(char::is_control), "{said:?}");
        }
    }
    keeps_a_password(&text);
}

/// A DSN of a server that was mistyped in any way.
fn keeps_a_password(text: &str) {
    let dsn = format!("u:{PASSWORD}@{text}");
    match dsn.parse() {
        Err(error) => assert!(!error.to_string().contains(PASSWORD), "{dsn:?}: {error}"),
        Ok(server @ (Dsn::Postgres(_) | Dsn::MySql { .. })) if !text.contains(PASSWORD) => {
            assert!(!format!("{server:?}").contains(PASSWORD), "{server:?}");
        }
        Ok(_) => {}
    }
}
