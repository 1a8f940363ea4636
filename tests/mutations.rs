//! No mutation of any fixture breaks anything: no panic, every place inside its text on boundaries of characters, and the
//! parts of a Dockerfile still make up the whole.
//!
//! `STACKLINT_MUTATIONS` says how many are tried (`STACKLINT_MUTATIONS=1000000 CARGO_PROFILE_DEV_OPT_LEVEL=2 cargo test …`),
//! `STACKLINT_MUTATIONS_FROM` with which number they begin, `STACKLINT_MUTATION` tries one alone, by the number that a failure names.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use stacklint::check;
use stacklint::compose;
use stacklint::diagnostic::Diagnostic;
use stacklint::files::Memory;
use stacklint::rule::{Selection, SelectionRequest, registry};
use stacklint::source::{Sources, Span};
use stacklint::stack::{self, Candidate, Request, Stack};

use super::dockerfile::laws;

/// How many are tried where nobody says.
const USUAL: u64 = 2_000;
/// Files above this size say nothing that smaller ones do not, and take long.
const LARGEST: usize = 16 << 10;

/// Files that are checked together.
pub(super) struct Fixture {
    name: String,
    pub(super) files: Vec<(String, Vec<u8>)>,
}

/// The folders of `fixtures/`, its Dockerfiles one by one, and the examples of all rule pages.
pub(super) fn fixtures() -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found = Vec::new();
    for group in ["stacks", "broken"] {
        for entry in std::fs::read_dir(root.join(group)).unwrap() {
            let folder = entry.unwrap().path();
            let files: Vec<(String, Vec<u8>)> = walkdir::WalkDir::new(&folder)
                .sort_by_file_name()
                .into_iter()
                .map(Result::unwrap)
                .filter(|e| e.file_type().is_file() && e.metadata().unwrap().len() < LARGEST as u64)
                .map(|e| (e.path().strip_prefix(&folder).unwrap().display().to_string(), std::fs::read(e.path()).unwrap()))
                .collect();
            if folder.ends_with("dockerfiles") {
                found.extend(files.into_iter().map(|(path, bytes)| Fixture { name: path, files: vec![("Dockerfile".to_owned(), bytes)] }));
            } else {
                found.push(Fixture { name: folder.display().to_string(), files });
            }
        }
    }
    for entry in std::fs::read_dir(root.join("dockerfiles")).unwrap() {
        let path = entry.unwrap().path();
        found.push(Fixture { name: path.display().to_string(), files: vec![("Dockerfile".to_owned(), std::fs::read(path).unwrap())] });
    }
    for rule in registry().rules() {
        for section in rule.page().sections() {
            let blocks = section
                .blocks
                .iter()
                .filter_map(|b| Some((b.path.as_deref()?.trim_end_matches(" +x").to_owned(), b.text.clone().into_bytes())));
            found.push(Fixture { name: format!("{}: {}", rule.name, section.title), files: blocks.collect() });
        }
    }
    found.retain(|f| f.files.iter().any(|(_, bytes)| !bytes.is_empty()));
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// A small generator of its own, so that a failing mutation can be repeated by its number.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn of(number: u64) -> Dice {
        let mut dice = Dice(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed_1234_abcd_ef01);
        for _ in 0..4 {
            dice.roll(2);
        }
        dice
    }

    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides.max(1) as u64).unwrap()
    }
}

/// What is put in: marks of all the languages that stand in a stack.
const PIECES: [&[u8]; 60] = [
    b"\\\n",
    b"\n",
    b"\r\n",
    b"\r",
    b"<<EOF",
    b"<<-'E'",
    b"\nEOF\n",
    b"\"",
    b"'",
    b"[",
    b"]",
    b"{",
    b"}",
    b"(",
    b")",
    b"$",
    b"$(",
    b"${",
    b"${a:-",
    b"$$",
    b"`",
    b"--",
    b"--from=",
    b"=",
    b"\\",
    b"#",
    b" ",
    b"\t",
    b"\xc2\xa0",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xf0\x9d\x84\x9e",
    b"e\xcc\x81",
    b"\x00",
    b"FROM a\n",
    b"RUN ",
    b" AS b",
    b"&&",
    b"||",
    b";",
    b"|",
    b">",
    b"<",
    b":",
    b": ",
    b"- ",
    b"*a",
    b"&a ",
    b"!!x ",
    b"%",
    b",",
    b"/",
    b"..",
    b"@",
    b"~",
    b"0",
    b"99999999999999999999",
    b"-1",
    b"\n\n",
    b"services:\n  x:\n",
];

/// Changes bytes here and there; now and then a whole line is doubled, moved or lost.
pub(super) fn mutate(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len() + 1);
        match dice.roll(8) {
            0 if at < bytes.len() => {
                bytes.remove(at);
            }
            1 if dice.roll(4) == 0 => bytes.truncate(at),
            2 if at < bytes.len() => bytes[at] = u8::try_from(dice.roll(256)).unwrap(),
            3 => {
                let end = (at + dice.roll(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            4 => {
                let end = (at + dice.roll(60)).min(bytes.len());
                let part: Vec<u8> = bytes[at..end].to_vec();
                let to = dice.roll(bytes.len() + 1);
                bytes.splice(to..to, part);
            }
            _ => {
                let piece = PIECES[dice.roll(PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
}

/// A fixture in which one of the files that `may` change is changed.
fn mutated(dice: &mut Dice, fixtures: &[Fixture], may: fn(&str) -> bool) -> Memory {
    let fixture = &fixtures[dice.roll(fixtures.len())];
    let eligible: Vec<usize> = (0..fixture.files.len()).filter(|n| may(&fixture.files[*n].0)).collect();
    let changed = eligible[dice.roll(eligible.len())];
    let mut files = Memory::new();
    for (n, (path, bytes)) in fixture.files.iter().enumerate() {
        let mut bytes = bytes.clone();
        if n == changed {
            mutate(&mut bytes, dice);
        }
        files.insert(path, bytes);
    }
    files
}

/// Checks a mutation, by its number.
fn try_one(number: u64, fixtures: &[Fixture], all: &Selection) {
    let files = mutated(&mut Dice::of(number), fixtures, |_| true);
    let candidates = files.paths().map(|path| Candidate { path: path.to_owned(), explicit: false, size: None }).collect();
    let stack = stack::load(&Request { candidates, ..Request::default() }, &files);
    for unit in stack.dockerfiles.iter().filter(|u| u.inline.is_none()) {
        laws::check(stack.sources.get(unit.file), &unit.ast);
    }
    for finding in check::run(&stack, all).diagnostics {
        places(&stack, &finding);
    }
    for source in stack.shell_sources() {
        place(&stack, source.text.span_of(0, source.text.len()));
    }
}

fn places(stack: &Stack, finding: &Diagnostic) {
    let edits = finding.fix.iter().flat_map(|f| &f.edits).map(|e| e.span);
    let spans = finding.related.iter().map(|l| l.span).chain(finding.masks.iter().copied()).chain(edits);
    std::iter::once(finding.primary).chain(spans).for_each(|span| place(stack, span));
}

fn place(stack: &Stack, span: Span) {
    let text = &stack.sources.get(span.file).text;
    assert!(text.get(span.range()).is_some(), "{span:?} is no part of {text:?}");
}

pub(super) fn wanted(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|n| n.parse().unwrap())
}

/// Whether a file is one of YAML or of variables: what a Compose project is made of.
fn of_project(path: &str) -> bool {
    [".yaml", ".yml", ".env"].iter().any(|end| path.ends_with(end))
}

/// Loads a mutated project as `config --explain` does, by its number.
fn load_one(number: u64, fixtures: &[Fixture]) {
    let mut dice = Dice::of(number);
    let files = mutated(&mut dice, fixtures, of_project);
    let mut named: Vec<String> =
        files.paths().filter(|p| p.contains("compose") && of_project(p) && !p.ends_with(".env")).map(str::to_owned).collect();
    named.sort_by_key(|p| (p.contains("override"), p.contains('/'), p.clone()));
    named.truncate(1 + dice.roll(3));
    let request = compose::Request {
        files: named,
        canonical: dice.roll(4) > 0,
        explain: Some("services".to_owned()),
        root: "/project".to_owned(),
        environment: [("A", "1"), ("TAG", "x y")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        all_profiles: dice.roll(2) == 0,
        ..compose::Request::default()
    };
    let mut sources = Sources::new();
    let loaded = compose::load(&request, &files, &mut sources);
    let project = &loaded.project;
    let problems = project.problems.iter().flat_map(|p| std::iter::once(p.span).chain(p.related.iter().map(|(span, _)| *span)));
    let own = project.services.iter().flat_map(|s| s.environment.iter().map(|v| v.span).chain(s.ports.iter().map(|p| p.span)));
    let explained = match &loaded.explained {
        Some(compose::Explained::Found(all)) => all.iter().flat_map(|e| &e.contributions).filter_map(|c| c.span).collect(),
        _ => Vec::new(),
    };
    for span in problems.chain(own).chain(project.variables.iter().map(|v| v.span)).chain(explained) {
        let text = &sources.get(span.file).text;
        assert!(text.get(span.range()).is_some(), "{span:?} is no part of {text:?}");
    }
}

/// Tries as many as are asked for, on all processors.
fn all_hold(try_one: &(dyn Fn(u64) + Sync)) {
    if let Some(number) = wanted("STACKLINT_MUTATION") {
        return try_one(number);
    }
    let (first, count) = (wanted("STACKLINT_MUTATIONS_FROM").unwrap_or(0), wanted("STACKLINT_MUTATIONS").unwrap_or(USUAL));
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let broken: Vec<u64> = std::thread::scope(|scope| {
        let run = |offset: u64| {
            scope.spawn(move || {
                let mine = (first + offset..first + count).step_by(usize::try_from(threads).unwrap());
                mine.filter(|n| catch_unwind(AssertUnwindSafe(|| try_one(*n))).is_err()).collect::<Vec<u64>>()
            })
        };
        let running: Vec<_> = (0..threads).map(run).collect();
        running.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    assert!(broken.is_empty(), "{} of {count} mutations break something: {:?}", broken.len(), broken.iter().take(20).collect::<Vec<_>>());
}

#[test]
fn mutated_stacks_break_nothing() {
    let fixtures = fixtures();
    let request = SelectionRequest { select: vec!["ALL".to_owned()], ..SelectionRequest::default() };
    let all = Selection::resolve(&request, registry()).unwrap();
    all_hold(&|number| try_one(number, &fixtures, &all));
}

#[test]
fn mutated_projects_break_nothing() {
    let mut fixtures = fixtures();
    fixtures.retain(|f| f.files.iter().any(|(path, _)| path.contains("compose") && of_project(path)));
    fixtures.push(Fixture { name: "rich".to_owned(), files: vec![("compose.yaml".to_owned(), super::compose::RICH.into())] });
    all_hold(&|number| load_one(number, &fixtures));
}
