//! The languages in which the program speaks with people.

/// A language of console and admin API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// `en-US`
    #[default]
    English,
    /// `zh-CN`
    Chinese,
    /// `ja-JP`
    Japanese,
}

impl Language {
    /// The one that an `Accept-Language` field prefers (RFC 9110, 12.5.4); English if it knows none of them.
    ///
    /// Only the first subtag counts: who asks for `zh-TW` rather reads `zh-CN` than English. Of equal weights the first wins.
    #[must_use]
    pub fn preferred(accept_language: &str) -> Self {
        let mut best = (0, Self::English);
        for (weight, language) in accept_language.split(',').filter_map(range) {
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }
}

/// A language range with its weight in thousandths.
fn range(text: &str) -> Option<(u16, Language)> {
    let (range, parameters) = text.split_once(';').unwrap_or((text, ""));
    let first = range.trim().split('-').next()?.to_ascii_lowercase();
    let language = match first.as_str() {
        "en" | "*" => Language::English,
        "zh" => Language::Chinese,
        "ja" => Language::Japanese,
        _ => return None,
    };
    Some((weight(parameters.trim())?, language))
}

/// `q=0.8`; nothing means 1.
fn weight(parameters: &str) -> Option<u16> {
    if parameters.is_empty() {
        return Some(1000);
    }
    let (name, value) = parameters.split_once('=')?;
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let is_weight = name.trim().eq_ignore_ascii_case("q") && matches!(whole, "0" | "1") && fraction.len() <= 3;
    let thousandths: u16 = format!("{whole}{fraction:0<3}").parse().ok()?;
    Some(thousandths).filter(|weight| is_weight && *weight <= 1000)
}

/// A text in every language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// `en-US`
    pub english: &'static str,
    /// `zh-CN`
    pub chinese: &'static str,
    /// `ja-JP`
    pub japanese: &'static str,
}

impl Text {
    /// The text in one language.
    #[must_use]
    pub fn within(self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Chinese => self.chinese,
            Language::Japanese => self.japanese,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Language::{Chinese, English, Japanese};
    use super::*;

    #[test]
    fn the_language_with_the_greatest_weight_is_spoken() {
        for (field, language) in [
            ("", English),
            ("zh-CN", Chinese),
            ("zh", Chinese),
            ("ZH-tw", Chinese),
            ("ja-JP,ja;q=0.9,en;q=0.8", Japanese),
            ("en;q=0.5, ja;q=0.51", Japanese),
            ("de-DE, ja;q=0.1", Japanese),
            ("zh, ja", Chinese),
            ("zh;q=0, ja;q=0.001", Japanese),
            ("zh;q=0", English),
            ("fr, de;q=0.5", English),
            ("*, zh;q=0.5", English),
            ("zh;q=1.1, ja;q=x, en;q=0.2345", English),
            ("zh ; Q=0.9 , en;q=0.8", Chinese),
            ("zhx, ;;,=", English),
        ] {
            assert_eq!(Language::preferred(field), language, "{field}");
        }
    }
}
