use proptest::prelude::*;

use super::*;

/// Every variable that a text sets, by name.
fn read(text: &str) -> Vec<(String, String)> {
    parse(text).unwrap().into_iter().collect()
}

fn value(text: &str) -> String {
    parse(text).unwrap().remove("X").unwrap_or_else(|| panic!("{text:?} sets no X"))
}

#[test]
fn names_and_separators() {
    for text in
        ["X=v", "X = v", "X  =v", "  X=v", "X: v", "X:v", "export X=v", "export  X = v", "\u{feff}X=v", "X=v\r\n"]
    {
        assert_eq!(read(text), [("X".into(), "v".into())], "{text:?}");
    }
    assert_eq!(read("export=v"), [("export".into(), "v".into())]);
    assert_eq!(read("exportX=v"), [("exportX".into(), "v".into())]);
    assert_eq!(read("a.b_1=v"), [("a.b_1".into(), "v".into())]);
    assert_eq!(read("A=1\n\n# B=2\n  # C=3\nD=4\rE=5\n").len(), 3);
}

#[test]
fn unquoted_values() {
    for (text, expected) in [
        ("X=", ""),
        ("X=\nY=v", ""),
        ("X=  \t v w \t", "v w"),
        ("X=a=b:c", "a=b:c"),
        ("X=it's", "it's"),
        (r#"X=a"b""#, r#"a"b""#),
        (r"X=a\nb\", r"a\nb\"),
        ("X=密钥 # 注释", "密钥"),
    ] {
        assert_eq!(value(text), expected, "{text:?}");
    }
}

#[test]
fn a_comment_starts_after_white_space_only() {
    for (text, expected) in [
        ("X=v # c", "v"),
        ("X=v\t# c", "v"),
        ("X=v#c", "v#c"),
        ("X=#c", "#c"),
        ("X= # c", "# c"),
        ("X=v #c # d", "v #c"),
        ("X='v # c' # d", "v # c"),
        ("X=\"v # c\" # d", "v # c"),
    ] {
        assert_eq!(value(text), expected, "{text:?}");
    }
}

#[test]
fn single_quotes_are_literal() {
    for (text, expected) in [
        ("X='a $Y ${Y} \\n \\t \"q\"'", "a $Y ${Y} \\n \\t \"q\""),
        ("X='  v  '", "  v  "),
        ("X=''", ""),
        ("X='a\nb'", "a\nb"),
        (r"X='a\'b'", r"a\'b"),
    ] {
        assert_eq!(value(&format!("Y=y\n{text}")), expected, "{text:?}");
    }
}

#[test]
fn escapes_work_in_double_quotes_only() {
    for (text, expected) in [
        (r#"X="a\nb\rc""#, "a\nb\rc"),
        (r#"X="a\"b\" c""#, "a\"b\" c"),
        (r#"X="a\\nb""#, r"a\nb"),
        (r#"X="a\tb\'c""#, "atb'c"),
        (r#"X="\$Y \\$Y""#, "$Y $Y"),
        ("X=\"a\r\nb\"", "a\nb"),
        ("X=\"a\\\nb\"", "a\nb"),
        (r#"X="a\"""#, r"a\"),
        (r#"X="""#, ""),
    ] {
        assert_eq!(value(&format!("Y=y\n{text}")), expected, "{text:?}");
    }
}

#[test]
fn references_are_to_earlier_lines_of_the_file() {
    for (text, expected) in [
        ("X=$Y", "y"),
        ("X=${Y}", "y"),
        ("X=\"${Y}$Y_1-$Y\"", "y1-y"),
        ("X=$(Y)", "y)"),
        ("X=${Y", "y"),
        ("X=$Y}", "y"),
        ("X=$UNKNOWN.", "."),
        ("X=$PATH", ""),
        ("X=$LATER\nLATER=l", ""),
        ("X=$y$", "$y$"),
        ("X=$Ya", "ya"),
        ("X=${}$", "${}$"),
        ("X=$2a$10$abc", "a$abc"),
        (r"X=\$Y\${Y}", "$Y${Y}"),
        ("X=pa$$Y", "pa$y"),
        ("X=1\nX=$X$X", "11"),
    ] {
        assert_eq!(value(&format!("Y=y\nY_1=1\n{text}")), expected, "{text:?}");
    }
}

#[test]
fn after_a_quoted_value_the_line_goes_on() {
    assert_eq!(read("X='a' Y=\"b\"Z=c").len(), 3);
    assert_eq!(read("X=1\nX=2"), [("X".into(), "2".into())]);
}

#[test]
fn faults_name_the_line_and_hide_its_content() {
    for (text, expected) in [
        ("A=1\n\nSECRET VALUE!\nB=2", "line 3: a name of letters, digits, `_` and `.`, then `=`, is expected"),
        ("A=1\r\nSECRET\r\nB=2", "line 2: a name of letters, digits, `_` and `.`, then `=`, is expected"),
        ("A=\"x\ny\"\nA-B=SECRET", "line 3: a name of letters, digits, `_` and `.`, then `=`, is expected"),
        ("A='SECRET\nB=2\n", "line 1: the closing ' is missing"),
        ("\nA=\"SECRET\\\"", "line 2: the closing \" is missing"),
        ("export ", "line 1: a name of letters, digits, `_` and `.`, then `=`, is expected"),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text:?}");
    }
}

#[test]
fn a_bare_word_at_the_end_of_the_file_sets_nothing() {
    assert_eq!(parse("X=v\nX").unwrap().get("X").unwrap(), "v");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "([A-Za-z_.: =#$(){}'\"\\\\\r\n\t\u{a0}é密]|\\PC){0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn a_plain_value_comes_out_as_it_went_in(value in "[A-Za-z0-9+/=_.:@-]{0,60}") {
        for text in [format!("X={value}"), format!("X='{value}'"), format!("export X=\"{value}\" # c")] {
            prop_assert_eq!(parse(&text).unwrap().remove("X").unwrap(), value.clone());
        }
    }
}
