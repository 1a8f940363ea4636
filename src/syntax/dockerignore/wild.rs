//! Patterns of plain characters and wildcards, matched without a regular expression.

/// A pattern, part by part.
#[derive(Clone, Debug)]
pub(super) struct Wild {
    parts: Vec<Part>,
}

/// A part of a pattern.
#[derive(Clone, Debug)]
enum Part {
    /// These characters.
    Text(String),
    /// `?`: one character, but no `/`.
    Character,
    /// `*`: any number of them.
    Characters,
    /// `**`: nothing, or anything up to and with a `/`.
    Folders,
    /// `**` at the end: anything.
    Rest,
}

impl Wild {
    /// Reads a pattern that holds nothing but plain characters and wildcards. To make a regular expression of one costs more
    /// than all that it is ever asked.
    pub(super) fn of(text: &str) -> Option<Wild> {
        if text.contains(['\\', '[', ']', '^', '|', '{', '}', '\u{feff}']) {
            return None;
        }
        let mut parts: Vec<Part> = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '*' if chars.next_if_eq(&'*').is_some() => {
                    chars.next_if_eq(&'/');
                    parts.push(if chars.peek().is_none() { Part::Rest } else { Part::Folders });
                }
                '*' => parts.push(Part::Characters),
                '?' => parts.push(Part::Character),
                c => match parts.last_mut() {
                    Some(Part::Text(text)) => text.push(c),
                    _ => parts.push(Part::Text(c.to_string())),
                },
            }
        }
        Some(Wild { parts })
    }

    /// Whether the whole path matches. Each part is tried from all places that those before it can end at.
    pub(super) fn is_match(&self, path: &str) -> bool {
        if let Some(Part::Text(text)) = self.parts.last()
            && !path.ends_with(text.as_str())
        {
            return false;
        }
        let mut ends = vec![0];
        for part in &self.parts {
            let mut next: Vec<usize> = ends.iter().flat_map(|&at| part.ends(path, at)).collect();
            next.sort_unstable();
            next.dedup();
            if next.is_empty() {
                return false;
            }
            ends = next;
        }
        ends.last() == Some(&path.len())
    }
}

impl Part {
    /// Where the part can end that begins at a place of the path.
    fn ends(&self, path: &str, at: usize) -> Vec<usize> {
        let rest = path.get(at..).unwrap_or_default();
        let line = rest.find('\n').unwrap_or(rest.len());
        match self {
            Part::Text(text) => rest.starts_with(text.as_str()).then_some(at + text.len()).into_iter().collect(),
            Part::Character => rest.chars().next().filter(|c| *c != '/').map(|c| at + c.len_utf8()).into_iter().collect(),
            Part::Characters => {
                let name = rest.find('/').map_or(rest, |end| rest.get(..end).unwrap_or(rest));
                name.char_indices().map(|(n, _)| at + n).chain([at + name.len()]).collect()
            }
            Part::Folders => {
                let folders = rest.match_indices('/').map(|(n, _)| n).filter(|n| *n < line).map(|n| at + n + 1);
                std::iter::once(at).chain(folders).collect()
            }
            Part::Rest => (line == rest.len()).then_some(path.len()).into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_their_regular_expressions_do() {
        let patterns = [
            ("*.log", r"^[^/]*\.log$"),
            ("a*b*", "^a[^/]*b[^/]*$"),
            ("**/*é?", "^(.*/)?[^/]*é[^/]$"),
            ("a/**/b?/**", "^a/(.*/)?b[^/]/.*$"),
            ("x?**", "^x[^/].*$"),
            ("*/**/*.c", r"^[^/]*/(.*/)?[^/]*\.c$"),
        ];
        let paths = [
            "",
            "a",
            "a.log",
            "x/a.log",
            "ab",
            "axbyb",
            "a/b",
            "é?",
            "q/w/éé",
            "a/b1/c",
            "a/x/y/b2/",
            "xé\n/a",
            "xéé",
            "d/e/f.c",
            "d/f.c",
            "a\nb",
        ];
        for (pattern, expression) in patterns {
            let (wild, regex) = (Wild::of(pattern).unwrap(), regex::Regex::new(expression).unwrap());
            for path in paths {
                assert_eq!(wild.is_match(path), regex.is_match(path), "{pattern} {path:?}");
            }
        }
        assert!(Wild::of("a[b]*").is_none());
    }
}
