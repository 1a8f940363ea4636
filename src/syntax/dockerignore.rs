//! `.dockerignore` files, with the meaning that moby's pattern matcher gives them: patterns stand at the context's
//! root, the last one that matches wins, and what holds for a folder holds for all below it.

use regex::Regex;

mod wild;

use self::wild::Wild;
use super::{SyntaxError, SyntaxErrorKind};
use crate::source::{FileId, SourceFile, Span};

/// An ignore file.
#[derive(Clone, Debug, Default)]
pub struct IgnoreFile {
    /// Its patterns, in order.
    pub patterns: Vec<Pattern>,
    /// Patterns that no builder accepts; one is enough for the build to be refused.
    pub errors: Vec<SyntaxError>,
}

/// One pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// The line without the blanks around it.
    pub span: Span,
    /// The pattern, cleaned, without `!`.
    pub text: String,
    /// `!`: takes back what earlier patterns ignored.
    pub exception: bool,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Exact,
    /// `dir/**`: the path starts with this.
    Prefix(String),
    /// `**name`: the path ends with this.
    Suffix(String),
    /// `*`, `?`, `**` between plain characters.
    Wild(Wild),
    Regex(Regex),
}

/// Which patterns hold for a folder; what lies in it inherits them.
#[derive(Clone, Debug, Default)]
pub struct Inherited(Vec<bool>);

/// Reads an ignore file.
pub fn parse(file: &SourceFile) -> IgnoreFile {
    let mut ignore = IgnoreFile::default();
    let mut at = file.bom_len();
    for line in file.text.get(at..).unwrap_or_default().split('\n') {
        let start = at;
        at += line.len() + 1;
        let trimmed = line.trim();
        if line.starts_with('#') || trimmed.is_empty() {
            continue;
        }
        let start = start + (line.len() - line.trim_start().len());
        let span = Span::new(file.id, start, start + trimmed.len());
        match pattern(trimmed, span) {
            Ok(pattern) => ignore.patterns.push(pattern),
            Err(message) => ignore.errors.push(SyntaxError {
                span,
                kind: SyntaxErrorKind::Syntax,
                message,
                help: Some("the build is refused until the pattern is mended or removed".to_owned()),
            }),
        }
    }
    ignore
}

fn pattern(line: &str, span: Span) -> Result<Pattern, String> {
    let (mut exception, text) = match line.strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, line),
    };
    let cleaned = if text.is_empty() { String::new() } else { clean(text) };
    let text = match cleaned.strip_prefix('/') {
        Some(rest) if !rest.is_empty() => rest.to_owned(),
        _ => cleaned,
    };
    // the matcher reads the cleaned pattern once more: `b /.` ends in a blank by now, `./!b` starts with `!`
    let mut text = if exception { text.trim_end() } else { text.trim() };
    if let Some(rest) = text.strip_prefix('!').filter(|_| !exception) {
        (exception, text) = (true, rest);
    }
    let text = text.to_owned();
    if exception && (text.is_empty() || text == "/") {
        return Err("`!` stands alone: there is no pattern to take back".to_owned());
    }
    check(&text)?;
    let test = compile(&text)?;
    Ok(Pattern { span, text, exception, test })
}

/// What Go's `filepath.Clean` makes of a path.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if rooted && parts.is_empty() => {}
            ".." if parts.last().is_some_and(|&p| p != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    match (rooted, parts.join("/")) {
        (true, joined) => format!("/{joined}"),
        (false, joined) if joined.is_empty() => ".".to_owned(),
        (false, joined) => joined,
    }
}

/// The errors of Go's `filepath.Match`: classes that are empty, open or end in `-`, and a `\` at the end.
fn check(text: &str) -> Result<(), String> {
    let bad = |what: &str| Err(format!("`{text}` is no valid pattern: {what}"));
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.next().is_none() => return bad("it ends in a `\\` that escapes nothing"),
            '[' => {
                chars.next_if_eq(&'^');
                let mut ranges = 0;
                loop {
                    if ranges > 0 && chars.next_if_eq(&']').is_some() {
                        break;
                    }
                    class_member(&mut chars).or_else(bad)?;
                    if chars.next_if_eq(&'-').is_some() {
                        class_member(&mut chars).or_else(bad)?;
                    }
                    ranges += 1;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn class_member(chars: &mut Chars<'_>) -> Result<(), &'static str> {
    let open = "its `[` is not closed";
    match chars.next() {
        None => return Err(open),
        Some('-') => return Err("a `-` inside `[…]` must stand between two characters or after a `\\`"),
        Some(']') => return Err("a `]` inside `[…]` must stand after a `\\`, and `[]` matches nothing"),
        Some('\\') => {
            chars.next().ok_or(open)?;
        }
        Some(_) => {}
    }
    chars.peek().map(|_| ()).ok_or(open)
}

/// The matcher turns a pattern into a regular expression, unless a plain comparison says the same.
fn compile(text: &str) -> Result<Test, String> {
    let mut regex = String::from("^");
    let (mut exact, mut prefix, mut suffix) = (true, false, false);
    let mut first = true;
    // whether a count may follow, and whether one has that could not
    let (mut countable, mut miscounted) = (true, false);
    // Go's scanner passes over a byte order mark
    let mut chars = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    while let Some(c) = chars.next() {
        let at_start = std::mem::take(&mut first);
        let may_count = std::mem::replace(&mut countable, !matches!(c, '*' | '|'));
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                let at_end = chars.peek().is_none();
                regex.push_str(if at_end { ".*" } else { "(.*/)?" });
                prefix = at_end && exact;
                suffix = at_start;
                exact = false;
            }
            '*' | '?' => {
                regex.push_str(if c == '*' { "[^/]*" } else { "[^/]" });
                (exact, prefix, suffix) = (false, false, false);
            }
            '\\' => {
                let escaped = chars.next().unwrap_or('\\');
                regex.push_str(&escape(escaped).ok_or_else(|| format!("`{text}` is no valid pattern: `\\{escaped}` means nothing"))?);
                (exact, prefix, suffix) = (false, false, false);
            }
            '[' => {
                class(&mut chars, &mut regex);
                (exact, prefix, suffix) = (false, false, false);
            }
            ']' => {
                regex.push_str("\\]");
                (exact, prefix, suffix) = (false, false, false);
            }
            // Quirks of the original that patterns in the wild may lean on: these reach the expression as they are, so that
            // `|` parts alternatives and `{2}` repeats what stands before it.
            '^' | '|' => regex.push(c),
            '{' => match count(&chars) {
                Some((length, fits)) => {
                    regex.push('{');
                    regex.extend(chars.by_ref().take(length));
                    miscounted |= !fits || !may_count;
                    countable = false;
                }
                None => regex.push_str("\\{"),
            },
            _ => regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    regex.push('$');
    if exact {
        return Ok(Test::Exact);
    }
    if suffix && let Some(rest) = text.strip_prefix("**") {
        return Ok(Test::Suffix(rest.to_owned()));
    }
    if prefix && let Some(rest) = text.strip_suffix("**") {
        return Ok(Test::Prefix(rest.to_owned()));
    }
    if miscounted {
        return Err(format!(
            "`{text}` is no valid pattern: it is read as a regular expression, in which `{{…}}` repeats what stands before it"
        ));
    }
    if let Some(wild) = Wild::of(text) {
        return Ok(Test::Wild(wild));
    }
    Regex::new(&regex).map(Test::Regex).map_err(|_| format!("`{text}` is no valid pattern"))
}

/// How far a count is looked for: Go takes none above 1000.
const LONGEST_COUNT: usize = 32;

/// How long a count such as `2}` or `2,5}` is, and whether it is one that Go accepts; `None` for a brace that is only a brace.
fn count(chars: &Chars<'_>) -> Option<(usize, bool)> {
    let ahead: String = chars.clone().take(LONGEST_COUNT).collect();
    let (inside, _) = ahead.split_once('}')?;
    let number = |n: &str| {
        let digits = !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) && (n == "0" || !n.starts_with('0'));
        digits.then(|| n.parse().unwrap_or(u32::MAX))
    };
    let (low, high) = inside.split_once(',').unwrap_or((inside, inside));
    let low = number(low)?;
    let high = if high.is_empty() { low } else { number(high)? };
    Some((inside.len() + 1, low <= high && high <= 1000))
}

/// `\c` outside a class, as Go's regular expressions read it: a letter may be a class or a control character.
fn escape(c: char) -> Option<String> {
    Some(match c {
        'd' => "[0-9]".to_owned(),
        'D' => "[^0-9]".to_owned(),
        'w' => "[0-9A-Za-z_]".to_owned(),
        'W' => "[^0-9A-Za-z_]".to_owned(),
        's' => "[\\t\\n\\f\\r ]".to_owned(),
        'S' => "[^\\t\\n\\f\\r ]".to_owned(),
        'a' | 'f' | 'n' | 'r' | 't' | 'v' | 'A' | 'z' => format!("\\{c}"),
        c if c.is_ascii_alphanumeric() || !c.is_ascii() => return None,
        c => regex::escape(c.encode_utf8(&mut [0; 4])),
    })
}

/// Copies a class that [`check`] has accepted, with what only our regular expressions would read as syntax escaped.
fn class(chars: &mut Chars<'_>, regex: &mut String) {
    regex.push('[');
    if chars.next_if_eq(&'^').is_some() {
        regex.push('^');
    }
    while let Some(c) = chars.next() {
        match c {
            ']' => break,
            '-' => regex.push('-'),
            '\\' => class_char(chars.next().unwrap_or('\\'), regex),
            c => class_char(c, regex),
        }
    }
    regex.push(']');
}

fn class_char(c: char, regex: &mut String) {
    if c.is_ascii_punctuation() {
        regex.push('\\');
    }
    regex.push(c);
}

impl Pattern {
    /// Whether the pattern itself names this path (not one of its folders).
    pub fn is_match(&self, path: &str) -> bool {
        match &self.test {
            Test::Exact => path == self.text,
            Test::Prefix(prefix) => path.starts_with(prefix.as_str()),
            Test::Suffix(suffix) => path.ends_with(suffix.as_str()) || suffix.strip_prefix('/').is_some_and(|name| name == path),
            Test::Wild(wild) => wild.is_match(path),
            Test::Regex(regex) => regex.is_match(path),
        }
    }

    /// Whether the pattern may name something below this folder, though not the folder itself.
    fn may_match_below(&self, dir: &str) -> bool {
        if self.text.contains('|') {
            return true;
        }
        let wild = self.text.find(['*', '?', '[', '\\', ']', '^', '{']);
        let literal = self.text.get(..wild.unwrap_or(self.text.len())).unwrap_or_default();
        let below = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('/'));
        below(literal, dir) || (wild.is_some() && format!("{dir}/").starts_with(literal))
    }
}

/// A pattern for one name, as COPY has them: it knows no folders.
#[derive(Clone, Debug)]
pub struct Glob(Pattern);

impl Glob {
    /// Reads a pattern; `None` where no builder accepts it.
    pub fn new(text: &str) -> Option<Glob> {
        let mut single = text.to_owned();
        while single.contains("**") {
            single = single.replace("**", "*");
        }
        check(&single).ok()?;
        let test = compile(&single).ok()?;
        Some(Glob(Pattern { span: Span::new(FileId(0), 0, 0), text: single, exception: false, test }))
    }

    /// Whether a name matches.
    pub fn is_match(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

impl IgnoreFile {
    /// The patterns of `--exclude` and `--parents`, which stand in no file; those that no builder accepts are left out.
    pub fn of(patterns: &[String]) -> IgnoreFile {
        let read = |text: &String| pattern(text.trim(), Span::new(FileId(0), 0, 0)).ok();
        IgnoreFile { patterns: patterns.iter().filter_map(read).collect(), errors: Vec::new() }
    }

    /// Whether a path is left out, by itself or by one of its folders. Paths are relative to the context, with `/`.
    pub fn matches(&self, path: &str) -> bool {
        self.deciding(path).is_some_and(|pattern| !pattern.exception)
    }

    /// The pattern that decides about a path: an exception where it is taken back, `None` where no pattern speaks of it.
    pub fn deciding(&self, path: &str) -> Option<&Pattern> {
        let mut inherited = Inherited::default();
        let mut decided = None;
        let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        for part in folders.chain(std::iter::once(path)) {
            (decided, inherited) = self.decide(part, &inherited);
        }
        decided.and_then(|n| self.patterns.get(n))
    }

    /// Whether a path is left out, given what holds for the folder it lies in (the default at the root), and what
    /// holds for the path itself, should it be a folder.
    pub fn step(&self, path: &str, parent: &Inherited) -> (bool, Inherited) {
        let (decided, inherited) = self.decide(path, parent);
        let ignored = decided.and_then(|n| self.patterns.get(n)).is_some_and(|pattern| !pattern.exception);
        (ignored, inherited)
    }

    fn decide(&self, path: &str, parent: &Inherited) -> (Option<usize>, Inherited) {
        let mut held = vec![false; self.patterns.len()];
        let (mut ignored, mut decided) = (false, None);
        for (n, (pattern, slot)) in self.patterns.iter().zip(&mut held).enumerate() {
            // A pattern that could change nothing is not asked, and so is not inherited either.
            let inherits = parent.0.get(n).copied().unwrap_or(false);
            *slot = inherits || (pattern.exception == ignored && pattern.is_match(path));
            if *slot {
                ignored = !pattern.exception;
                decided = Some(n);
            }
        }
        (decided, Inherited(held))
    }

    /// Whether something below an ignored folder may be taken back, so that it must be looked into.
    pub fn may_take_back_below(&self, dir: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.exception && pattern.may_match_below(dir))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    fn ignore(text: &str) -> IgnoreFile {
        let mut sources = Sources::new();
        let id = sources.add(".dockerignore", text.to_owned());
        parse(sources.get(id))
    }

    #[test]
    fn the_last_pattern_wins_and_folders_decide_for_what_is_in_them() {
        let file = ignore("# comment\n  *.log  \nbuild\n!build/keep\n/secrets/\ndocs/**\n**/*.tmp\n!**/README.md\nREADME.md\n");
        assert!(file.errors.is_empty());
        for (path, ignored) in [
            ("a.log", true),
            ("x/a.log", false),
            ("build", true),
            ("build/o/p", true),
            ("build/keep", false),
            ("build/keep/o", false),
            ("secrets/key", true),
            ("docs", false),
            ("docs/a/b", true),
            ("a/b/c.tmp", true),
            ("docs/README.md", false),
            ("README.md", true),
        ] {
            assert_eq!(file.matches(path), ignored, "{path}");
        }
    }

    #[test]
    fn bad_patterns_are_told_with_their_place() {
        for text in ["[", "a[", "[]a]", "[-x]", "[x-]", "[a-b-c]", "a\\", "!", "! ", "!/", "[^", "\\e", "*{2}", "?a{3,2}"] {
            let file = ignore(&format!("ok\n  {text}\n"));
            assert_eq!(file.errors.len(), 1, "{text}");
            let span = file.errors[0].span;
            assert_eq!((span.start, span.len()), (5, text.trim().len()), "{text}");
        }
    }

    #[test]
    fn classes_and_escapes_are_those_of_the_matcher() {
        for (pattern, path, ignored) in [
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[[&&~]x", "&x", true),
            ("[[]", "[", true),
            ("[\\]]", "]", true),
            ("[\\--0]", "/", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("a?b", "aéb", true),
            ("a?b", "a/b", false),
            ("**", "any/thing", true),
            ("a**b", "a/x/b", true),
            ("..foo", "..foo", true),
            ("a|b", "a|b", true),
            ("a|b", "a", false),
            ("a|b*", "ax", true),
            ("a|b*", "xb", true),
            ("*.{js,ts}", "a.js", false),
            ("*.{js,ts}", "a.{js,ts}", true),
            ("?a{2}", "xaa", true),
            ("?a{2}", "xa{2}", false),
            ("b* /.", "bc", true),
            ("b*\n./!bc", "bc", false),
        ] {
            assert_eq!(ignore(pattern).matches(path), ignored, "{pattern} {path}");
        }
    }

    #[test]
    fn an_ignored_folder_is_looked_into_only_where_something_may_come_back() {
        let file = ignore("*\n!src/app/main.rs\n!**/keep\n");
        assert!(file.may_take_back_below("src"));
        assert!(file.may_take_back_below("anything"));
        let file = ignore("*\n!src/app/*.rs\n!docs\n");
        for (dir, look) in [("src", true), ("src/app", true), ("src/other", false), ("docs", false), ("node_modules", false)] {
            assert_eq!(file.may_take_back_below(dir), look, "{dir}");
        }
    }
}
