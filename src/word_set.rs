//! Fixed sets of words that are asked at every step.

/// A set of words that is laid out when the program is built: one look tells, where a list would be gone through word by word.
pub(crate) struct WordSet<const N: usize> {
    slots: [&'static str; N],
}

impl<const N: usize> WordSet<N> {
    /// These words; `N` is a power of two, and at least twice as many.
    pub(crate) const fn of(mut words: &[&'static str]) -> Self {
        assert!(N.is_power_of_two() && 2 * words.len() <= N);
        let mut set = WordSet { slots: [""; N] };
        while let [word, rest @ ..] = words {
            set.insert(word);
            words = rest;
        }
        set
    }

    /// The lines of a text.
    pub(crate) const fn of_lines(text: &'static str) -> Self {
        let (mut set, mut rest, mut at) = (WordSet { slots: [""; N] }, text, 0);
        let mut count = 0;
        while at < rest.len() {
            let (line, after) = rest.split_at(at);
            if let Some((b'\n', _)) = after.as_bytes().split_first() {
                set.insert(line);
                count += 1;
                (_, rest) = after.split_at(1);
                at = 0;
            } else {
                at += 1;
            }
        }
        assert!(rest.is_empty() && N.is_power_of_two() && 2 * count <= N);
        set
    }

    const fn insert(&mut self, word: &'static str) {
        let mut at = hash(word);
        while let (_, [slot, ..]) = self.slots.split_at_mut(at & (N - 1)) {
            if slot.is_empty() {
                *slot = word;
                break;
            }
            at += 1;
        }
    }

    /// Whether a word is among them.
    pub(crate) fn contains(&self, word: &str) -> bool {
        let mut at = hash(word);
        while let Some(slot) = self.slots.get(at & (N - 1)).filter(|slot| !slot.is_empty()) {
            if *slot == word {
                return true;
            }
            at += 1;
        }
        false
    }
}

/// What tells short words apart well enough: their lengths and ends.
pub(crate) const fn hash(word: &str) -> usize {
    let (first, last) = match word.as_bytes() {
        [] => (0, 0),
        [only] => (*only, 0),
        [first, .., last] => (*first, *last),
    };
    let ends = (word.len() as u32) << 16 ^ (first as u32) << 8 ^ last as u32;
    (ends.wrapping_mul(0x9E37_79B9) >> 16) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_its_words_and_no_others() {
        const WORDS: &[&str] = &["a", "ab", "ba", "aXb", "aYb", "zip", "zap", "ä"];
        const SET: WordSet<16> = WordSet::of(WORDS);
        assert!(WORDS.iter().all(|w| SET.contains(w)));
        assert!(["", "b", "abc", "aZb", "zop", "ö"].iter().all(|w| !SET.contains(w)));
        const LINES: WordSet<8> = WordSet::of_lines("one\ntwo\nthree\n");
        assert!(["one", "two", "three"].iter().all(|w| LINES.contains(w)));
        assert!(["", "four", "one\n"].iter().all(|w| !LINES.contains(w)));
    }
}
