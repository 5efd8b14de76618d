use super::*;

#[test]
fn shows_four_characters_at_each_end_of_a_long_text_only() {
    assert_eq!(mask("sk-1234567890abcdef"), "sk-1****cdef");
    assert_eq!(mask("sk-123456789"), "****");
    assert_eq!(mask(""), "****");
    assert_eq!(mask("ключ-из-многих-букв"), "ключ****букв");
}

#[test]
fn never_prints_itself() {
    let secret = Secret::from("sk-1234567890abcdef");
    assert_eq!(format!("{secret} {secret:?}"), "sk-1****cdef sk-1****cdef");
}

#[test]
fn masks_every_occurrence_in_a_text() {
    let text = "bad key sk-1234567890abcdef (sk-1234567890abcdef)";
    assert_eq!(mask_in(text, "sk-1234567890abcdef"), "bad key sk-1****cdef (sk-1****cdef)");
    assert_eq!(mask_in(text, ""), text);
    assert!(matches!(mask_in(text, "other"), Cow::Borrowed(_)));
    assert_eq!(mask_in("bad key sk-1234567890abcde", "sk-1234567890abcdef"), "bad key ****");
    assert_eq!(mask_in("bad key sk-1", "sk-1234567890abcdef"), "bad key sk-1");
}
