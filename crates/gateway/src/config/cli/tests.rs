use super::*;

fn parsed(arguments: &[&str]) -> Result<Command, ExitCode> {
    parse(["gpt-load"].iter().chain(arguments).map(OsString::from))
}

#[test]
fn serving_is_the_default() {
    assert_eq!(parsed(&[]).unwrap(), Command::Serve(Serve::default()));
    assert_eq!(parsed(&["serve"]).unwrap(), Command::Serve(Serve::default()));
    assert_eq!(parsed(&["check"]).unwrap(), Command::Check);
    assert_eq!(parsed(&["vacuum"]).unwrap(), Command::Vacuum);
}

#[test]
fn keys_are_migrated_with_one_dash_or_two() {
    let both = Command::MigrateKeys(MigrateKeys { from: Some("-old".into()), to: Some("new".into()) });
    for arguments in [["--from=-old", "--to", "new"], ["-from=-old", "-to", "new"]] {
        assert_eq!(parsed(&[&["migrate-keys"], &arguments[..]].concat()).unwrap(), both);
    }
    let neither = Command::MigrateKeys(MigrateKeys { from: None, to: None });
    assert_eq!(parsed(&["migrate-keys"]).unwrap(), neither);
}

#[test]
fn help_and_version_end_well_and_nonsense_with_1() {
    for arguments in [["help"], ["--help"], ["-h"], ["--version"], ["-V"]] {
        assert_eq!(parsed(&arguments).unwrap_err(), ExitCode::SUCCESS, "{arguments:?}");
    }
    for arguments in [vec!["frobnicate"], vec!["--frobnicate"], vec!["serve", "now"], vec!["help", "me"]] {
        assert_eq!(parsed(&arguments).unwrap_err(), ExitCode::FAILURE, "{arguments:?}");
    }
}

#[test]
fn help_shows_every_variable() {
    let help = environment_help();
    for variable in ENVIRONMENT {
        assert!(help.contains(variable.name) && help.contains(variable.meaning), "{}", variable.name);
    }
}
