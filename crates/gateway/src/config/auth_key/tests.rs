use std::thread;

use super::*;

#[test]
fn a_key_is_made_once_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("new/data");
    let (made, created) = load_or_create(&data_dir).unwrap();
    let (found, created_again) = load_or_create(&data_dir).unwrap();
    assert!(created && !created_again);
    assert_eq!(made, found);
    let key = made.expose();
    assert!(
        key.len() == 35 && key.starts_with("sk-") && key.bytes().skip(3).all(|b| b.is_ascii_alphanumeric()),
        "{key}"
    );
    let names: Vec<_> = fs::read_dir(&data_dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["auth-key"], "no draft stays behind");
}

#[test]
fn keys_differ() {
    assert_ne!(random_key().unwrap(), random_key().unwrap());
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    load_or_create(folder.path()).unwrap();
    let mode = fs::metadata(folder.path().join("auth-key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn an_edited_key_is_taken_without_its_line_end() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("auth-key"), "my own key\r\n").unwrap();
    let (key, created) = load_or_create(folder.path()).unwrap();
    assert_eq!((key.expose(), created), ("my own key", false));
}

#[test]
fn an_empty_file_and_an_unusable_folder_are_errors_that_name_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("auth-key");
    fs::write(&path, "\n").unwrap();
    assert_eq!(
        load_or_create(folder.path()).unwrap_err().to_string(),
        format!("{} is empty: delete it", path.display())
    );
    let error = load_or_create(&path).unwrap_err().to_string();
    assert!(error.contains("auth-key"), "{error}");
}

#[test]
fn the_first_of_several_processes_wins() {
    let folder = tempfile::tempdir().unwrap();
    let starts: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = (0..8).map(|_| scope.spawn(|| load_or_create(folder.path()).unwrap())).collect();
        running.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert_eq!(starts.iter().filter(|(_, created)| *created).count(), 1);
    assert!(starts.iter().all(|(key, _)| *key == starts[0].0));
}
