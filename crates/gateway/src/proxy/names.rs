//! Paths and models come again and again: requests of a thread share one text for each. A text of its own for every request would be
//! allocated here and freed by the thread that writes the log, which costs both of them more than all the rest of an entry.

use std::cell::RefCell;
use std::sync::Arc;

/// Texts a thread remembers; a new one takes the place of another.
const REMEMBERED: usize = 64;
/// Longer texts are not worth remembering.
const LONGEST_BYTES: usize = 256;

thread_local! {
    static KNOWN: RefCell<[Option<Arc<str>>; REMEMBERED]> = const { RefCell::new([const { None }; REMEMBERED]) };
}

/// `text` to be shared.
pub fn shared(text: &str) -> Arc<str> {
    if text.len() > LONGEST_BYTES {
        return text.into();
    }
    KNOWN.with_borrow_mut(|known| {
        let Some(place) = known.get_mut(place_of(text)) else { return text.into() };
        match place {
            Some(known) if **known == *text => Arc::clone(known),
            _ => Arc::clone(place.insert(text.into())),
        }
    })
}

/// FNV-1a (draft-eastlake-fnv): short, and collisions only cost what is saved here.
fn place_of(text: &str) -> usize {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 16)) as usize % REMEMBERED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one_and_different_ones_stay_apart() {
        let first = shared("gpt-4o");
        assert!(Arc::ptr_eq(&first, &shared("gpt-4o")));
        for number in 0..10 * REMEMBERED {
            let text = format!("model-{number}");
            assert_eq!(*shared(&text), *text);
        }
        assert_eq!(*shared("gpt-4o"), *first);
    }

    #[test]
    fn long_texts_are_not_remembered() {
        let long = "x".repeat(LONGEST_BYTES + 1);
        assert!(!Arc::ptr_eq(&shared(&long), &shared(&long)));
    }
}
