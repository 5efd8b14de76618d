use domain::secret::Secret;

use super::{KeyCipher, is_plain};

/// Rows of `sqlite-encrypted.db`, written by GPT-Load 1.4.9.
const FIXTURE_KEY: &str = "Fixture-Key-2026!with#odd$chars%and spaces";
const FIXTURE: (&str, &str, &str) = (
    "5c883d87ddbe897d745cf77beff941b2887698447dafb4f720a5495caed8ebe56bfbe040a0b2654e274e",
    "454fe3e41a42aa795416faed66d41f82a95e5619df18c6076f7caf353821c34f",
    "sk-ok-openai11",
);
/// Row of `sqlite.db`: plain text and its hash.
const PLAIN: (&str, &str) = ("sk-ok-openai00", "e918e45a37a2ce0eaa5c2a76e06b894b6ac4111b6a391f3b1562c94743fe4a35");

fn shown(secret: Option<Secret>) -> Option<String> {
    secret.map(|secret| secret.expose().to_owned())
}

#[test]
fn opens_and_finds_what_1_4_9_wrote() {
    let cipher = KeyCipher::new(Some(FIXTURE_KEY)).unwrap();
    let (value, hash, key) = FIXTURE;
    assert_eq!(cipher.decrypt(value).unwrap().expose(), key);
    assert_eq!(cipher.hash(key), hash);
    assert_eq!(shown(cipher.reveal(value, hash)), Some(key.to_owned()));

    let plain = KeyCipher::new(Some("")).unwrap();
    assert!(!plain.encrypts());
    assert_eq!(plain.hash(PLAIN.0), PLAIN.1);
    assert_eq!(plain.encrypt(&PLAIN.0.into()).unwrap(), PLAIN.0);
}

#[test]
fn plain_rows_work_under_an_encryption_key() {
    let cipher = KeyCipher::new(Some(FIXTURE_KEY)).unwrap();
    assert_eq!(shown(cipher.reveal(PLAIN.0, PLAIN.1)), Some(PLAIN.0.to_owned()));
    assert!(is_plain(PLAIN.0, &PLAIN.1.to_uppercase()));
    assert_eq!(cipher.lookup_hashes(PLAIN.0), [cipher.hash(PLAIN.0), PLAIN.1.to_owned()]);
}

#[test]
fn ciphertext_is_never_taken_for_a_key() {
    let (value, hash, _) = FIXTURE;
    for cipher in [KeyCipher::new(None).unwrap(), KeyCipher::new(Some("another")).unwrap()] {
        assert_eq!(cipher.reveal(value, hash), None);
    }
}

#[test]
fn what_is_encrypted_comes_back_and_differs_each_time() {
    let cipher = KeyCipher::new(Some("k")).unwrap();
    let key = Secret::from("sk-schlüssel 🔑");
    let (one, two) = (cipher.store(&key).unwrap(), cipher.store(&key).unwrap());
    assert_ne!(one.value, two.value);
    assert_eq!(one.hash, two.hash);
    assert_eq!(cipher.reveal(&one.value, &one.hash), Some(key));
}

#[test]
fn damaged_values_are_refused() {
    let cipher = KeyCipher::new(Some(FIXTURE_KEY)).unwrap();
    let (value, ..) = FIXTURE;
    for wrong in ["", "zz", "00", &value[..24], &value[2..], &value.replace('5', "6"), &format!("{value}0")] {
        assert!(cipher.decrypt(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let plain = KeyCipher::new(None).unwrap();
    let stored = plain.store(&"sk-visible-secret".into()).unwrap();
    let shown = format!("{stored:?} {:?}", KeyCipher::new(Some("pass word")).unwrap());
    assert!(!shown.contains("sk-visible") && !shown.contains("pass word"), "{shown}");
}
