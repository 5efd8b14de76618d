//! The image's own steps, in a plain folder instead of `/app`.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use rustix::process::getuid;
use testkit::App;

use super::dockerfile::{command, only};
use super::{assert_fine, seconds, text, yaml};
use crate::support::BINARY;

/// Starts the image's entry point in a folder like its `/app`, on a data folder in which root has left a file.
async fn started() -> App {
    let entry = command(&only("ENTRYPOINT")).remove(0);
    let (name, user) = only("ENV").split_once('=').map(|(name, user)| (name.to_owned(), user.to_owned())).unwrap();
    let builder = App::builder(&format!(".{}", entry.strip_prefix("/app").unwrap()));
    let app = builder.dir().to_owned();
    // In an image everybody may enter `/app` and run what is in it.
    fs::set_permissions(&app, fs::Permissions::from_mode(0o755)).unwrap();
    fs::copy(BINARY, app.join("gpt-load")).unwrap();
    builder.file("data/of-root", "").env(&name, &user).start().await
}

/// A line of `/proc/PID/status` in words.
fn status(app: &App, line: &str) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{}/status", app.pid())).unwrap();
    let found = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
    found.split_whitespace().map(str::to_owned).collect()
}

fn owner(path: &Path) -> String {
    let file = fs::metadata(path).unwrap();
    format!("{}:{}", file.uid(), file.gid())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_gives_the_data_to_its_user_and_goes_on_as_that() {
    let app = started().await;
    let data = app.dir().join("data");
    if !getuid().is_root() {
        let own = getuid().as_raw().to_string();
        assert_eq!(status(&app, "Uid:"), [own.as_str(); 4], "whoever may not choose stays who they are");
        return;
    }
    let user = only("ENV").split_once('=').unwrap().1.to_owned();
    let (uid, gid) = user.split_once(':').unwrap();
    assert_eq!((status(&app, "Uid:"), status(&app, "Gid:")), (vec![uid.to_owned(); 4], vec![gid.to_owned(); 4]));
    assert_eq!((status(&app, "Groups:"), status(&app, "CapEff:")), (vec![], vec!["0".repeat(16)]));
    for entry in [&data, &data.join("of-root"), &data.join("gpt-load.lock"), &data.join("spool")] {
        assert_eq!(owner(entry), user, "{}", entry.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_health_check_and_that_of_1_4_x_say_how_it_is() {
    let mut app = started().await;
    let (port, dir) = (app.addr().port().to_string(), app.dir().to_owned());
    let own = command(&only("HEALTHCHECK"));
    let check = || {
        let mut check = Command::new(BINARY);
        check.args(&own[1..]).current_dir(&dir).env("PORT", &port).env("HOST", "127.0.0.1");
        check
    };
    assert_fine(&mut check());
    let compose = yaml(&text("docker-compose.yml"));
    let wget = compose["services"]["gpt-load"]["healthcheck"]["test"].as_str().unwrap().to_owned();
    let wget = || {
        let mut wget_check = Command::new("sh");
        wget_check.args(["-c", &wget]).env("PORT", &port);
        wget_check
    };
    assert_fine(&mut wget());
    app.kill9().await;
    for mut failing in [check(), wget()] {
        assert!(!failing.output().unwrap().status.success(), "{failing:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_stop_signal_ends_it_in_time() {
    let mut app = started().await;
    let signal = only("STOPSIGNAL");
    let name = signal.strip_prefix("SIG").unwrap();
    assert_fine(Command::new("kill").args(["-s", name, &app.pid().to_string()]));
    assert_eq!(app.wait_exit().await.code(), Some(0), "{}", app.output());
    let compose = yaml(&text("docker-compose.yml"));
    let grace = compose["services"]["gpt-load"]["stop_grace_period"].as_str().unwrap();
    let default = grace.strip_prefix("${SERVER_GRACEFUL_SHUTDOWN_TIMEOUT:-").unwrap().replace('}', "");
    assert_eq!(seconds(&default), 10, "the program's own default");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_is_none_is_refused() {
    let ended = App::builder(BINARY).env("RUN_AS", "somebody").try_start().await;
    if getuid().is_root() {
        let ended = ended.unwrap_err();
        assert_eq!(ended.status.code(), Some(2), "{}", ended.output);
        assert!(ended.output.contains("RUN_AS") && ended.output.contains("UID:GID"), "{}", ended.output);
    } else {
        assert!(ended.is_ok(), "only root is asked who it is to be");
    }
}
