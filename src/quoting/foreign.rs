//! Programs whose texts have `$names` of their own, in a shell's double quotes: what the shell fills in before the program sees it.

use super::layers::{Dollar, dollars_where, layers};
use crate::few::Few;
use crate::source::{At, Span};
use crate::syntax::shell::{Command, Piece, PieceKind, Programs, Quote, Script, Word};

/// Whatever reads a text with `$names` of its own.
const PROGRAMS: Programs = Programs::of(&[
    "perl",
    "php",
    "pwsh",
    "powershell",
    "jq",
    "gojq",
    "yq",
    "awk",
    "gawk",
    "mawk",
    "nawk",
    "sed",
    "gsed",
    "node",
    "nodejs",
    "bun",
    "deno",
    "tsx",
    "ruby",
    "expect",
    "tclsh",
    "mongosh",
    "mongo",
    "psql",
    "cockroach",
    "Rscript",
    "R",
    "dpkg-query",
    "dpkg",
    "patchelf",
    "gcc",
    "g++",
    "cc",
    "clang",
    "cmake",
    "make",
    "ld",
]);

/// Whatever is told a password's hash.
const HASHES: Programs = Programs::of(&[
    "echo", "printf", "cat", "tee", "useradd", "usermod", "chpasswd", "adduser", "htpasswd", "caddy", "sed", "export", "env",
]);

/// A parameter that the shell expands although the text is another program's, for which it means something.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// The parameter, at each of its places in the text.
    pub params: Vec<At<String>>,
    /// The program that was to see it.
    pub by: String,
    /// How many shells lie around the one that reads the program's text.
    pub level: usize,
}

/// The parameters of a script that were meant for the programs it runs.
pub fn foreign(script: &Script) -> Vec<Foreign> {
    let (programs, hashes) = (script.may_run(PROGRAMS), script.may_run(HASHES));
    if !programs && !hashes {
        return Vec::new();
    }
    let mut found: Vec<Foreign> = Vec::new();
    let mut add = |param: At<String>, by: &str, level: usize, text: Span| {
        if found.iter().flat_map(|f| &f.params).any(|p| p.span == param.span) {
            return;
        }
        match found.iter_mut().find(|f| f.params.iter().all(|p| p.value == param.value && text.contains(p.span))) {
            Some(same) => same.params.push(param),
            None => found.push(Foreign { params: vec![param], by: by.to_owned(), level }),
        }
    };
    for dollar in if programs { dollars_where(script, |c| c.may_start(PROGRAMS)) } else { Vec::new() } {
        let seen = dollar.command.effective();
        let Some(name) = seen.name().filter(|_| dollar.by.is_some()) else { continue };
        if !may_be_own(&name, &dollar.name.value) {
            continue;
        }
        let Some(around) = Around::of(&dollar) else { continue };
        if seen.args().iter().any(|w| w.span == dollar.word.span) && is_own(&name, seen.args(), dollar.word, &around) {
            add(dollar.name.clone(), &name, dollar.level, dollar.word.span);
        }
    }
    let all = layers(script);
    for layer in all.iter().filter(|l| hashes && l.command.may_start(HASHES)) {
        let words = layer.command.words.iter().map(|w| w.pieces.as_slice());
        for pieces in words.chain(bodies(layer.command)) {
            if let Some((param, text)) = hash(pieces) {
                add(param, "the hash", layer.level, text);
            }
        }
    }
    for layer in all.iter().filter(|_| programs) {
        let mut bodies = bodies(layer.command).peekable();
        if bodies.peek().is_none() {
            continue;
        }
        let next = layer.script.commands.get(layer.index + 1).filter(|n| n.place.pipe_index == layer.command.place.pipe_index + 1);
        let reads = [Some(layer.command), next].into_iter().flatten().find(|c| c.effective().name().is_some_and(|n| is_sql(&n)));
        let Some(name) = reads.and_then(|c| c.effective().name()) else { continue };
        for pieces in bodies {
            let Some(text) = pieces.first().zip(pieces.last()).map(|(first, last)| first.span.to(last.span)) else { continue };
            tags(pieces).into_iter().for_each(|tag| add(tag, &name, layer.level, text));
        }
    }
    found
}

fn tags(pieces: &[Piece]) -> Vec<At<String>> {
    let text: String = pieces.iter().map(shown).collect();
    let tag = |piece: &Piece| match &piece.kind {
        PieceKind::Param(p) if piece.quote != Quote::Single && is_tag(&p.name, &text) => Some(At::new(p.name.clone(), piece.span)),
        _ => None,
    };
    pieces.iter().filter_map(tag).collect()
}

/// `$6$salt$hash`, `$apr1$…`, `$2y$10$…`: the first part of a hash, and all of it.
fn hash(pieces: &[Piece]) -> Option<(At<String>, Span)> {
    let name = |piece: &Piece| match &piece.kind {
        PieceKind::Param(p) if piece.quote != Quote::Single && !p.braced => Some(p.name.clone()),
        _ => None,
    };
    let at = pieces
        .iter()
        .position(|piece| name(piece).is_some_and(|n| matches!(n.as_str(), "1" | "2" | "5" | "6" | "7" | "y" | "apr1" | "argon2id")))?;
    let first = pieces.get(at)?;
    let param = name(first)?;
    let mut rest = pieces.get(at + 1..)?.iter().map(shown);
    let next = rest.next()?;
    // the letter of `$2y$` is no part of the name
    let kind = if param == "2" { next.strip_prefix(['a', 'b', 'x', 'y'])? } else { next.as_str() };
    let follows = kind.starts_with('$') || kind.is_empty() && rest.next()?.starts_with('$');
    follows.then(|| (At::new(param, first.span), first.span.to(pieces.last().unwrap_or(first).span)))
}

/// What a command reads as a heredoc or here-string.
fn bodies(command: &Command) -> impl Iterator<Item = &[Piece]> {
    command.redirects.iter().filter_map(|r| match (&r.heredoc, &r.target) {
        (Some(body), _) => body.expand.then_some(body.pieces.as_slice()),
        (None, Some(word)) => (r.operator == "<<<").then_some(word.pieces.as_slice()),
        _ => None,
    })
}

fn shown(piece: &Piece) -> String {
    Word { span: piece.span, pieces: Few::one(piece.clone()) }.lossy().into_owned()
}

/// A parameter with the text around it, expansions as `$name`.
struct Around {
    name: String,
    braced: bool,
    modifier: String,
    before: String,
    after: String,
}

impl Around {
    fn of(dollar: &Dollar<'_>) -> Option<Around> {
        let (at, piece) = dollar.word.pieces.iter().enumerate().find(|(_, p)| p.span.contains(dollar.name.span))?;
        let text = |pieces: &[Piece]| pieces.iter().map(shown).collect::<String>();
        let mut before = text(dollar.word.pieces.get(..at)?);
        let mut after = text(dollar.word.pieces.get(at + 1..)?);
        let (braced, modifier) = match &piece.kind {
            PieceKind::Param(p) => (p.braced, p.modifier.clone()),
            PieceKind::Literal(literal) => {
                let from = usize::try_from(dollar.name.span.start.checked_sub(piece.span.start)?).ok()?;
                let to = from + usize::try_from(dollar.name.span.end.checked_sub(dollar.name.span.start)?).ok()?;
                before.push_str(literal.get(..from)?);
                after.insert_str(0, literal.get(to..)?);
                (literal.get(from..)?.starts_with("${"), String::new())
            }
            _ => return None,
        };
        Some(Around { name: dollar.name.value.clone(), braced, modifier, before, after })
    }

    fn text(&self) -> String {
        let name = if self.braced { format!("{{{}}}", self.name) } else { self.name.clone() };
        format!("{}${name}{}", self.before, self.after)
    }
}

/// Whether a name can mean something to a program at all: nearly always it cannot, and the text around it need not be put together.
fn may_be_own(program: &str, name: &str) -> bool {
    match program {
        "sed" | "gsed" => is_sed_command(name),
        "dpkg-query" | "dpkg" => is_field(name),
        "patchelf" | "gcc" | "g++" | "cc" | "clang" | "cmake" | "make" | "ld" => name == "ORIGIN",
        _ => true,
    }
}

/// sed's commands, and what may stand before them.
fn is_sed_command(name: &str) -> bool {
    matches!(name, "a" | "i" | "c" | "d" | "p" | "s" | "r" | "w" | "n" | "N" | "D" | "P" | "G" | "x" | "q" | "!")
}

/// What dpkg-query's format may hold.
fn is_field(name: &str) -> bool {
    matches!(name, "Package" | "Version" | "Status" | "Architecture" | "binary" | "db" | "Installed" | "source")
}

fn is_own(program: &str, args: &[Word], word: &Word, around: &Around) -> bool {
    let name = around.name.as_str();
    match program {
        // what its patterns caught
        "perl" | "ruby" | "php" if !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()) && name != "0" => true,
        "perl" => name == "_" || around.after.starts_with(['{', '[']) || around.after.starts_with("->") || is_set(name, around),
        "php" => matches!(name, "argv" | "argc" | "_SERVER" | "_ENV" | "_GET" | "_POST" | "GLOBALS" | "this") || is_set(name, around),
        "pwsh" | "powershell" => {
            let own = matches!(name, "_" | "true" | "false" | "null" | "PSItem" | "ErrorActionPreference" | "ProgressPreference");
            own || name == "env" && around.after.starts_with(':') || is_set(name, around)
        }
        "jq" | "gojq" | "yq" => matches!(name, "ENV" | "__loc__") || is_bound(name, args, &around.text()),
        "awk" | "gawk" | "mawk" | "nawk" => is_awks(name, args, around),
        "sed" | "gsed" => is_address(args, word, around),
        "node" | "nodejs" | "bun" | "deno" | "tsx" => around.braced && (is_member(&around.modifier) || is_declared(name, &around.text())),
        "expect" | "tclsh" => around.text().contains(&format!("set {name} ")),
        "ruby" => matches!(name, "stdout" | "stderr" | "stdin" | "PROGRAM_NAME"),
        "mongosh" | "mongo" => !around.braced && is_key(around),
        name if is_sql(name) => is_tag(&around.name, &around.text()),
        "Rscript" | "R" => around.before.ends_with([')', ']']) && !around.braced,
        "dpkg-query" | "dpkg" => is_field(name),
        "patchelf" | "gcc" | "g++" | "cc" | "clang" | "cmake" | "make" | "ld" => name == "ORIGIN",
        _ => false,
    }
}

fn is_sql(program: &str) -> bool {
    matches!(program, "psql" | "cockroach")
}

/// The places of `$name` in a text, as what stands before and behind them.
fn places<'a>(name: &'a str, text: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    text.match_indices('$').filter_map(move |(at, _)| {
        let behind = text.get(at + 1..)?.strip_prefix(name)?;
        let ends = !behind.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        ends.then_some((text.get(..at)?, behind))
    })
}

/// perl, PHP and PowerShell: `my $name`, `$name = …`, `as $name`, `function ($name)`.
fn is_set(name: &str, around: &Around) -> bool {
    let text = around.text();
    let set = |(before, after): (&str, &str)| {
        let before = before.trim_end();
        let word = before.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        if matches!(word, "my" | "our" | "local" | "foreach" | "as" | "param") || before.ends_with("=>") && before.contains(" as ") {
            return true;
        }
        let opens = before.rfind('(').and_then(|at| before.get(..at)).unwrap_or_default().trim_end();
        let in_list = before.ends_with(['(', ',']) && ["function", "fn", "my", "param", "foreach"].iter().any(|w| opens.ends_with(w));
        let starts = before.is_empty() || before.ends_with([';', '{', '}', '(']);
        let value = after.trim_start().strip_prefix(['+', '.', '-', '*']).unwrap_or(after.trim_start());
        let assigns = value.strip_prefix('=').is_some_and(|v| !v.starts_with(['=', '~', '>']));
        in_list || starts && assigns
    };
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && places(name, &text).any(set)
}

/// jq: `--arg name value`, `… as $name`.
fn is_bound(name: &str, args: &[Word], text: &str) -> bool {
    let options = args.windows(2).any(|pair| {
        let [option, value] = pair else { return false };
        matches!(option.lossy().as_ref(), "--arg" | "--argjson" | "--slurpfile" | "--rawfile" | "--argfile") && value.lossy() == name
    });
    options || places(name, text).any(|(before, _)| before.trim_end().ends_with(" as"))
}

/// awk: its own counts, and what the program sets.
fn is_awks(name: &str, args: &[Word], around: &Around) -> bool {
    if around.braced || !around.text().contains('{') {
        return false;
    }
    let given = |w: &Word| w.lossy().trim_start_matches("-v").strip_prefix(name).is_some_and(|rest| rest.starts_with('='));
    let set = || {
        let text = around.text();
        text.match_indices(name).any(|(at, _)| {
            let before = text.get(..at).unwrap_or_default();
            let after = text.get(at + name.len()..).unwrap_or_default().trim_start();
            let whole = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'));
            whole && (after.strip_prefix('=').is_some_and(|v| !v.starts_with('=')) || after.starts_with("++") || before.ends_with("++"))
        })
    };
    let word = name.starts_with(|c: char| c.is_ascii_alphabetic());
    matches!(name, "NF" | "NR" | "FNR") || word && (args.iter().any(given) || set())
}

/// sed: `$d`, `$!N`, `1,$p`, `$a text`, where `$` is the last line.
fn is_address(args: &[Word], word: &Word, around: &Around) -> bool {
    let at = args.iter().position(|w| w.span == word.span);
    let before = at.and_then(|at| args.get(at.checked_sub(1)?)).map(|w| w.lossy().into_owned()).unwrap_or_default();
    let flag = |w: &Word| w.lossy().starts_with('-');
    let program = matches!(before.as_str(), "-e" | "--expression") || args.iter().find(|w| !flag(w)).is_some_and(|w| w.span == word.span);
    let command = is_sed_command(&around.name);
    let starts = around.before.trim_end();
    let begins = starts.is_empty() || starts.ends_with([';', '{', '\n', ',']);
    // by itself it may be the whole program, held in a variable
    let alone = around.before.is_empty() && around.after.is_empty() && !matches!(around.name.as_str(), "d" | "p");
    program && command && begins && !alone && !around.braced
}

/// JavaScript's `${name.member}` and `${call()}`.
fn is_member(modifier: &str) -> bool {
    modifier.starts_with(['.', '(']) || modifier.starts_with('[') && !modifier.starts_with("[@]") && !modifier.starts_with("[*]")
}

/// JavaScript's `const name`, `name =>`.
fn is_declared(name: &str, text: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default().trim_end();
        let after = text.get(at + name.len()..).unwrap_or_default().trim_start();
        let word = before.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let whole = !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        whole && (matches!(word, "const" | "let" | "var" | "function") || after.trim_start_matches(')').trim_start().starts_with("=>"))
    })
}

/// MongoDB's `{$gt: 1}` and `{"$gt": 1}`.
fn is_key(around: &Around) -> bool {
    let quotes = ['"', '\'', ' ', '\t', '\n'];
    let after = around.after.trim_start_matches(['"', '\'']).trim_start();
    around.before.trim_end_matches(quotes).ends_with(['{', ',']) && after.starts_with(':')
}

/// PostgreSQL's `$$ … $$` and `$tag$ … $tag$`.
pub fn is_tag(name: &str, text: &str) -> bool {
    let tag = if name == "$" { "$$".to_owned() } else { format!("${name}$") };
    let word = name == "$" || name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    word && text.matches(&tag).count() > 1
}
