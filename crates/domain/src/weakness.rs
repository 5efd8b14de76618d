//! What makes a key that people chose easy to guess: too short, a common word in it, too few kinds of characters. The limits and words
//! are those by which GPT-Load 1.4.x warns.

/// Fewer characters can be guessed.
const TOO_SHORT: usize = 16;
/// Fewer characters could be more.
const SHORT: usize = 32;
/// How many of lower case, upper case, digits and others a good key has.
const KINDS: usize = 3;

/// What guessers try first.
const COMMON_WORDS: [&str; 17] = [
    "password", "123456", "admin", "secret", "test", "demo", "key", "token", "pass", "pwd", "qwerty", "abc", "default",
    "user", "login", "auth", "temp",
];

/// One thing that is wrong with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// It has fewer than 16 characters: this many.
    TooShort(usize),
    /// It has fewer than 32 characters: this many.
    Short(usize),
    /// A word that guessers try first is part of it.
    CommonWord(&'static str),
    /// It is long enough, but of one or two kinds of characters only.
    FewKinds,
}

impl Weakness {
    /// All that is wrong with `key`.
    #[must_use]
    pub fn all_of(key: &str) -> Vec<Self> {
        let chars = key.chars().count();
        let length = match chars {
            0..TOO_SHORT => Some(Self::TooShort(chars)),
            TOO_SHORT..SHORT => Some(Self::Short(chars)),
            _ => None,
        };
        let lower = key.to_lowercase();
        let word = COMMON_WORDS.into_iter().find(|word| lower.contains(word)).map(Self::CommonWord);
        let few_kinds = (chars >= TOO_SHORT && kinds(key) < KINDS).then_some(Self::FewKinds);
        [length, word, few_kinds].into_iter().flatten().collect()
    }

    /// Whether somebody may get in by guessing, rather than only might.
    #[must_use]
    pub fn is_severe(self) -> bool {
        matches!(self, Self::TooShort(_) | Self::CommonWord(_))
    }
}

fn kinds(key: &str) -> usize {
    let others = |c: char| !c.is_ascii_alphanumeric();
    let tests: [&dyn Fn(char) -> bool; 4] =
        [&|c| c.is_ascii_lowercase(), &|c| c.is_ascii_uppercase(), &|c| c.is_ascii_digit(), &others];
    tests.into_iter().filter(|test| key.chars().any(*test)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_weakness_is_seen() {
        let cases: [(&str, &[Weakness]); 7] = [
            ("sk-Zq7Rm2Xw9Lc4Vn8Bt3Hj6Gf1Dy5Ps0", &[]),
            ("Zq7-Rm2Xw9Lc4Vn", &[Weakness::TooShort(15)]),
            ("Zq7-Rm2Xw9Lc4Vn8", &[Weakness::Short(16)]),
            ("zqrm", &[Weakness::TooShort(4)]),
            ("my-PassWord-Zq7Rm2Xw9Lc4Vn8Bt3Hj6Gf1", &[Weakness::CommonWord("password")]),
            ("zq7rm2xw9lc4vn8bt3hj6gf1dy5ps0zq7rm2", &[Weakness::FewKinds]),
            ("zqrmxwlcvnbthjgfdz", &[Weakness::Short(18), Weakness::FewKinds]),
        ];
        for (key, expected) in cases {
            assert_eq!(Weakness::all_of(key), expected, "{key}");
        }
    }
}
