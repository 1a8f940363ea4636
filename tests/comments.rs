//! Comments that silence findings, each with the scope that its own tool gives it.

use stacklint::files::Memory;
use stacklint::rule::{Selection, SelectionRequest, registry};
use stacklint::stack::{Candidate, Request};
use stacklint::{check, stack};

/// The findings as `line id`, by the peer's id that was asked for.
fn found(text: &str, select: &[&'static str], change: impl FnOnce(&mut Request)) -> Vec<String> {
    let mut files = Memory::new();
    files.insert("Dockerfile", text);
    let candidates = vec![Candidate { path: "Dockerfile".to_owned(), explicit: true, size: None }];
    let mut request = Request { candidates, ..Request::default() };
    change(&mut request);
    let stack = stack::load(&request, &files);
    let names = select.iter().map(|n| (*n).to_owned()).collect();
    let selection = Selection::resolve(&SelectionRequest { select: names, ..SelectionRequest::default() }, registry()).unwrap();
    let mut lines: Vec<String> = Vec::new();
    for d in check::run(&stack, &selection).diagnostics {
        let line = stack.sources.line(d.primary);
        let asked = |name: &&&str| **name == d.rule || d.aliases.contains(*name);
        lines.extend(select.iter().filter(asked).map(|id| format!("{line} {id}")));
    }
    lines
}

fn plain(text: &str, select: &[&'static str]) -> Vec<String> {
    found(text, select, |_| {})
}

#[test]
fn a_check_comment_holds_for_the_next_instruction() {
    let id = ["UndefinedVar"];
    for (between, silent) in [("", true), ("# why\n", true), ("\n", true), ("#\n", false), ("# check=skip=JSONArgsRecommended\n", true)] {
        let text = format!("FROM scratch\n# check=skip=UndefinedVar // known\n{between}ENV A=$X\nENV B=$X\n");
        let line = text.lines().count();
        let wanted = if silent {
            vec![format!("{line} UndefinedVar")]
        } else {
            vec![format!("{} UndefinedVar", line - 1), format!("{line} UndefinedVar")]
        };
        assert_eq!(plain(&text, &id), wanted, "{between:?}");
    }
    for comment in ["   # check=skip=UndefinedVar", "# check=skip=undefinedvar", "# check = skip = UndefinedVar", "# check=foo=bar"] {
        assert_eq!(plain(&format!("FROM scratch\n{comment}\nENV A=$X\n"), &id), ["3 UndefinedVar"], "{comment}");
    }
}

#[test]
fn some_checks_are_silenced_for_whole_files_only() {
    let id = ["DuplicateStageName"];
    assert_eq!(plain("FROM scratch AS a\n# check=skip=all\nFROM scratch AS a\n", &id), ["3 DuplicateStageName"]);
    assert_eq!(plain("# check=skip=DuplicateStageName\nFROM scratch AS a\nFROM scratch AS a\n", &id), [""; 0]);
    assert_eq!(plain("\n# check=skip=DuplicateStageName\nFROM scratch AS a\nFROM scratch AS a\n", &id), ["4 DuplicateStageName"]);
}

#[test]
fn the_comment_for_an_overridden_instruction_stands_above_the_later_one() {
    let id = ["MultipleInstructionsDisallowed"];
    let comment = "# check=skip=MultipleInstructionsDisallowed\n";
    assert_eq!(plain(&format!("FROM scratch\n{comment}CMD [\"a\"]\nCMD [\"b\"]\n"), &id), ["3 MultipleInstructionsDisallowed"]);
    assert_eq!(plain(&format!("FROM scratch\nCMD [\"a\"]\n{comment}CMD [\"b\"]\n"), &id), [""; 0]);
}

#[test]
fn a_build_argument_stands_in_for_the_directive() {
    let give = |value: &'static str| move |r: &mut Request| r.build_args.push(("BUILDKIT_DOCKERFILE_CHECK".to_owned(), value.to_owned()));
    let text = "# check=skip=all\nFROM scratch as a\n";
    let id = ["FromAsCasing"];
    assert_eq!(plain(text, &id), [""; 0]);
    assert_eq!(found(text, &id, give("error=true")), ["2 FromAsCasing"]);
    assert_eq!(found(text, &id, give("skip=FromAsCasing")), [""; 0]);
}

#[test]
fn a_target_leaves_stages_alone_that_it_does_not_need() {
    let text = "FROM scratch AS first\nCOPY $a .\nFROM scratch AS second\nCOPY $b .\nFROM first AS third\nCOPY $c .\n";
    let id = ["UndefinedVar"];
    assert_eq!(plain(text, &id), ["2 UndefinedVar", "4 UndefinedVar", "6 UndefinedVar"]);
    assert_eq!(found(text, &id, |r| r.target = Some("Third".to_owned())), ["2 UndefinedVar", "6 UndefinedVar"]);
}

#[test]
fn a_comment_for_one_tool_does_not_hide_another_tools_check() {
    let text = "FROM scratch\n# hadolint ignore=DL3025\nCMD run\n";
    assert_eq!(plain(text, &["DL3025"]), [""; 0]);
    assert_eq!(plain(text, &["shell-form-signals"]), [""; 0]);
    assert_eq!(plain(text, &["JSONArgsRecommended"]), ["3 JSONArgsRecommended"]);
    let apart = "FROM scratch\n# hadolint ignore=DL3025\n# because\nCMD run\n";
    assert_eq!(plain(apart, &["DL3025"]), ["4 DL3025"]);
}

#[test]
fn dclints_comments_silence_what_dclint_would_report_and_could_silence() {
    let found = |text: &str| {
        let mut files = Memory::new();
        files.insert("compose.yaml", text);
        let candidates = vec![Candidate { path: "compose.yaml".to_owned(), explicit: true, size: None }];
        let stack = stack::load(&Request { candidates, ..Request::default() }, &files);
        let names = ["untagged-image", "unsorted-services", "compose-schema", "capabilities-not-dropped"];
        let select = names.iter().map(|n| (*n).to_owned()).collect();
        let selection = Selection::resolve(&SelectionRequest { select, ..SelectionRequest::default() }, registry()).unwrap();
        check::run(&stack, &selection).diagnostics.into_iter().map(|d| d.rule).collect::<Vec<_>>()
    };
    let services = "services:\n  web:\n    imagee: nginx\n    image: nginx\n    cap_drop: [ALL]\n  api:\n    image: nginx:1\n";
    assert_eq!(found(services), ["compose-schema", "untagged-image", "capabilities-not-dropped", "unsorted-services"]);
    assert_eq!(found(&format!("# dclint disable-file\n{services}")), ["compose-schema", "capabilities-not-dropped"]);
    let one = services.replace("    image: nginx\n", "    # dclint disable-line service-image-require-explicit-tag\n    image: nginx\n");
    assert_eq!(found(&one), ["compose-schema", "capabilities-not-dropped", "unsorted-services"]);
    let head = |comment: &str| found(&format!("---\n\n{comment}\n{services}"));
    assert_eq!(head("# dclint disable services-alphabetical-order"), ["compose-schema", "untagged-image", "capabilities-not-dropped"]);
    assert_eq!(head("# shop\n# dclint disable").len(), 4, "not the first line that says anything");
    let behind = services.replace("image: nginx\n", "image: nginx # old # dclint disable-line foo service-image-require-explicit-tag\n");
    assert_eq!(found(&behind), ["compose-schema", "capabilities-not-dropped", "unsorted-services"]);
    let block = services.replace("  web:\n", "  # dclint disable-line\n  web:\n");
    assert_eq!(found(&block).len(), 4, "the next line alone");
}

#[test]
fn dclint_reports_a_list_at_its_key() {
    let found = |text: &str| {
        let mut files = Memory::new();
        files.insert("compose.yaml", text);
        let candidates = vec![Candidate { path: "compose.yaml".to_owned(), explicit: true, size: None }];
        let stack = stack::load(&Request { candidates, ..Request::default() }, &files);
        let select = vec!["no-unbound-port-interfaces".to_owned()];
        let selection = Selection::resolve(&SelectionRequest { select, ..SelectionRequest::default() }, registry()).unwrap();
        check::run(&stack, &selection).diagnostics.len()
    };
    let text = "services:\n  web:\n    image: nginx:1\n    ports: #\n      - '80:80'\n      - '81:81'\n  api:\n    image: nginx:1\n    ports:\n    - '82:82'\n";
    assert_eq!(found(&text.replace('#', "")), 3);
    assert_eq!(found(&text.replace('#', "# dclint disable-line no-unbound-port-interfaces")), 1);
    assert_eq!(found(&text.replacen("  web:", "  web: # dclint disable-line", 1)), 3);
}

#[test]
fn a_comment_is_unused_only_where_its_rule_has_run() {
    let text = "FROM alpine:3.22\n# stacklint: ignore[relative-workdir, cd-in-run]\nWORKDIR app\n";
    let unused = "unused-suppression";
    assert_eq!(plain(text, &[unused]), [""; 0], "no other rule has run");
    assert_eq!(plain(text, &[unused, "relative-workdir"]), [""; 0], "it is needed");
    assert_eq!(plain(text, &[unused, "relative-workdir", "cd-in-run"]), ["2 unused-suppression"]);
    assert_eq!(plain(text, &["cd-in-run"]), [""; 0], "not asked for");
    let excused = format!("# stacklint: ignore-file[{unused}]\n{text}");
    assert_eq!(plain(&excused, &[unused, "cd-in-run"]), [""; 0]);
}
