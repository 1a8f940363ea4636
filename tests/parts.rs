//! Requests are checked in parts where nothing joins them: what is found is what is found in the whole.

use stacklint::check;
use stacklint::diagnostic::Diagnostic;
use stacklint::files::{Files, Memory};
use stacklint::rule::{Preset, Selection, SelectionRequest, registry};
use stacklint::source::{Sources, Span};
use stacklint::stack::{self, Candidate, Request};

use super::mutations::{Dice, Fixture, fixtures, mutate, wanted};

#[test]
fn all_fixtures_give_in_parts_what_they_give_as_one() {
    let mut files = Memory::new();
    for (n, fixture) in fixtures().iter().enumerate() {
        fixture.files.iter().for_each(|(path, bytes)| _ = files.insert(&format!("f{n}/{path}"), bytes.clone()));
    }
    let found = same_in_parts(&files);
    assert!(found.len() > 1_000, "only {}", found.len());
}

#[test]
fn a_part_that_reads_a_file_of_another_one_is_checked_with_it() {
    let mut files = Memory::new();
    many(&mut files);
    files.insert("apps/web/Dockerfile", "FROM alpine\nCOPY run.sh /\nRUN --mount=type=cache,target=/x echo $HOME\nCMD [\"/run.sh\"]\n");
    files.insert_with_mode("apps/web/run.sh", "#!/bin/sh\nexec sleep 1\n", 0o755);
    let service = "services:\n  web:\n    build: ../apps/web\n    environment:\n      DEBUG: \"1\"\n    ports: [\"80:80\"]\n";
    files.insert("zz/deploy/compose.yaml", service);
    files.insert("zz/other/compose.yaml", "services:\n  own:\n    extends: {file: ../deploy/compose.yaml, service: web}\n");
    let found = same_in_parts(&files);
    assert!(found.iter().any(|f| f.starts_with("zz/deploy/") && f.contains("`own`")), "{found:#?}");
    assert_eq!(found.iter().filter(|f| f.starts_with("apps/web/Dockerfile") && f.contains("unquoted-variable")).count(), 1);
}

#[test]
fn what_silences_a_finding_has_to_lie_near() {
    let mut files = Memory::new();
    many(&mut files);
    let env = "FROM alpine\nENV HOST=db PORT=5432\nENV URL='tcp://$HOST:$PORT/'\nCMD [\"sleep\", \"1\"]\n";
    files.insert("own/Dockerfile", env);
    files.insert("foreign/Dockerfile", "FROM alpine\nCOPY start.sh /\nENTRYPOINT [\"/start.sh\"]\n");
    files.insert_with_mode("foreign/start.sh", "#!/bin/sh\nenvsubst < /a > /b\nexec sleep 1\n", 0o755);
    let quoted = |found: &[String]| found.iter().filter(|f| f.contains("own/Dockerfile") && f.contains("single quotes")).count();
    assert_eq!(quoted(&same_in_parts(&files)), 1);
    files.insert_with_mode("own/start.sh", "#!/bin/sh\nenvsubst < /a > /b\nexec sleep 1\n", 0o755);
    files.insert("own/Dockerfile", env.replace("CMD [\"sleep\", \"1\"]", "COPY start.sh /\nENTRYPOINT [\"/start.sh\"]"));
    assert_eq!(quoted(&same_in_parts(&files)), 0);
}

#[test]
fn comments_of_all_parts_count() {
    let mut files = Memory::new();
    many(&mut files);
    let request = request(&files);
    let selection = select();
    let whole = check::run(&stack::load(&request, &files), &selection);
    let parts = in_parts(&request, &files, &selection);
    assert_eq!(parts.outcome.suppressed, whole.suppressed);
    assert!(whole.suppressed >= 20, "{}", whole.suppressed);
    assert_eq!(parts.files, 40);
}

/// `STACKLINT_MUTATIONS` and `STACKLINT_MUTATIONS_FROM` count here as they do for mutations; a hundredth of them is done.
#[test]
fn mutated_neighbours_give_in_parts_what_they_give_as_one() {
    let fixtures = fixtures();
    let from = wanted("STACKLINT_MUTATIONS_FROM").unwrap_or(1);
    let rounds = wanted("STACKLINT_MUTATIONS").unwrap_or(2_000) / 100;
    for number in from..from + rounds {
        let files = neighbours(&mut Dice::of(number), &fixtures);
        let same = std::panic::catch_unwind(|| same_in_parts(&files));
        assert!(same.is_ok(), "number {number}: {:#?}", files.paths().collect::<Vec<_>>());
    }
}

/// Stacks beside and below each other, some changed, some reading files of others.
fn neighbours(dice: &mut Dice, fixtures: &[Fixture]) -> Memory {
    let mut files = Memory::new();
    let folders = ["a", "a/deep", "b", "b-1", "b/x/y", "c", "d/e", "d/f", "d/f/g", "h"];
    for n in 0..30 + dice.roll(20) {
        let folder = match dice.roll(3) {
            0 => format!("{}/s{n}", folders[dice.roll(folders.len())]),
            1 => format!("t{n}"),
            _ => folders[dice.roll(folders.len())].to_owned(),
        };
        for (path, bytes) in &fixtures[dice.roll(fixtures.len())].files {
            let mut bytes = bytes.clone();
            match dice.roll(6) {
                0 => mutate(&mut bytes, dice),
                1 => elsewhere(&mut bytes, ["../", "../a/", "../../b/", "../t3/", "../d/f/"][dice.roll(5)]),
                _ => {}
            }
            files.insert(&format!("{folder}/{path}"), bytes);
        }
    }
    // a part needs some files
    (0..30).for_each(|n| _ = files.insert(&format!("z{n}/Dockerfile"), "FROM scratch\n"));
    files
}

/// Lets paths lead out of their folder.
fn elsewhere(bytes: &mut Vec<u8>, to: &str) {
    let text = String::from_utf8_lossy(bytes).replace("./", to).replace("build: .\n", &format!("build: {to}\n"));
    *bytes = text.into_bytes();
}

/// Folders enough for several parts, each with a finding and one that a comment silences.
fn many(files: &mut Memory) {
    for n in 0..40 {
        files.insert(&format!("f{n}/Dockerfile"), "FROM alpine\n# hadolint ignore=DL4000\nMAINTAINER me\nWORKDIR src\n");
    }
}

/// What is found, checked to be the same in parts and in the whole.
fn same_in_parts(files: &Memory) -> Vec<String> {
    let (request, selection) = (request(files), select());
    let stack = stack::load(&request, files);
    let whole = check::run(&stack, &selection);
    let parts = in_parts(&request, files, &selection);
    let told = |sources: &Sources, found: &[Diagnostic]| found.iter().map(|d| tell(sources, d)).collect::<Vec<String>>();
    let expected = told(&stack.sources, &whole.diagnostics);
    assert_eq!(told(&parts.sources, &parts.outcome.diagnostics), expected);
    assert_eq!(parts.outcome.suppressed, whole.suppressed);
    assert_eq!(parts.files, stack.checked.len());
    let hidden = |sources: &Sources, masks: &[Span]| {
        let mut texts: Vec<String> = masks.iter().map(|m| place(sources, *m)).collect();
        texts.sort();
        texts
    };
    assert_eq!(hidden(&parts.sources, &parts.outcome.masks), hidden(&stack.sources, &whole.masks));
    expected
}

fn in_parts(request: &Request, files: &dyn Files, selection: &Selection) -> check::Checked {
    let checked: Result<check::Checked, String> = check::in_parts(request, files, selection, |_| Ok(Vec::new()));
    let checked = checked.unwrap();
    assert!(checked.trees.is_none(), "there was only one part");
    checked
}

fn request(files: &Memory) -> Request {
    let candidates = files.paths().filter(|path| stack::role_of_name(path).is_some());
    let candidates = candidates.map(|path| Candidate { path: path.to_owned(), explicit: false, size: None }).collect();
    Request { candidates, ..Request::default() }
}

fn select() -> Selection {
    Selection::resolve(&SelectionRequest { preset: Preset::Strict, ..SelectionRequest::default() }, registry()).unwrap()
}

/// Everything that a finding says, with paths for files.
fn tell(sources: &Sources, d: &Diagnostic) -> String {
    let related: Vec<String> = d.related.iter().map(|l| format!("{} {}", place(sources, l.span), l.message)).collect();
    let edits = d.fix.iter().flat_map(|f| &f.edits).map(|e| format!("{} {:?}", place(sources, e.span), e.new_text));
    let masks: Vec<String> = d.masks.iter().map(|m| place(sources, *m)).collect();
    format!("{} {} {} {related:?} {:?} {masks:?}", place(sources, d.primary), d.rule, d.message, edits.collect::<Vec<String>>())
}

fn place(sources: &Sources, span: Span) -> String {
    format!("{}:{}-{} {:?}", sources.path(span.file), span.start, span.end, sources.slice(span))
}
