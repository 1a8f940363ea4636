//! The real command, as users run it: whatever it is given, it says one clear line and gives the right exit status.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a run gave.
#[derive(Debug)]
struct Ran {
    status: Option<i32>,
    out: String,
    err: String,
    took: Duration,
}

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stacklint"));
    command.args(args).current_dir(dir).env_remove("CLICOLOR_FORCE").env("NO_COLOR", "1").env("HOME", dir);
    command
}

fn run(dir: &Path, args: &[&str]) -> Ran {
    run_with(dir, args, b"")
}

fn run_with(dir: &Path, args: &[&str], input: &[u8]) -> Ran {
    let start = Instant::now();
    let mut child =
        command(dir, args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("the binary ends");
    writer.join().expect("the input is written");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is UTF-8");
    let ran = Ran { status: output.status.code(), out: text(output.stdout), err: text(output.stderr), took: start.elapsed() };
    assert!(!ran.err.contains("panicked"), "{args:?} in {} panics:\n{}", dir.display(), ran.err);
    assert!(ran.status.is_some(), "{args:?} in {} is killed", dir.display());
    ran
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn write(dir: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

fn broken() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/broken")
}

/// A project with one finding, of a rule that needs nothing but Compose.
const LINKS: &str = "services:\n  web:\n    image: nginx:1.27\n    links: [db]\n  db:\n    image: postgres:17\n";
const ONLY_LINKS: [&str; 4] = ["--select", "links", "--fail-on", "info"];

fn check_links(dir: &Path, more: &[&str]) -> Ran {
    run(dir, &[&["check"], &ONLY_LINKS[..], more].concat())
}

fn has_rule(name: &str) -> bool {
    run(Path::new("."), &["explain", name]).status == Some(0)
}

/// Nothing that would act on a terminal is in an output.
fn harmless(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || !(c.is_control() || c == '\u{202e}'))
}

#[test]
fn a_folder_without_any_file_is_no_fault() {
    let dir = folder();
    let ran = run(dir.path(), &["check"]);
    assert_eq!(
        (ran.status, ran.out.as_str(), ran.err.as_str()),
        (Some(0), "", "stacklint: no Dockerfile and no Compose file in this folder\n")
    );
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let dir = folder();
    for args in [
        &["check", "nowhere"][..],
        &["check", "-f", "nowhere.yml"],
        &["check", "--env-file", "nowhere.env"],
        &["check", "--baseline", "nowhere.json"],
        &["check", "--config", "nowhere.yml"],
    ] {
        let ran = run(dir.path(), args);
        assert_eq!(ran.status, Some(2), "{args:?}: {ran:?}");
        assert!(ran.err.starts_with("stacklint: ") && ran.err.contains("nowhere"), "{args:?}: {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{args:?}: {}", ran.err);
        assert_eq!(ran.out, "");
    }
}

#[test]
fn wrong_words_are_explained() {
    let dir = folder();
    for args in
        [&["check", "--format", "xml"][..], &["check", "--fail-on", "bad"], &["check", "--no-such-flag"], &["check", "--severity", "none"]]
    {
        let ran = run(dir.path(), args);
        assert_eq!(ran.status, Some(2), "{args:?}");
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{args:?}");
    }
}

#[test]
fn a_rule_that_nobody_knows_is_named_with_the_nearest_one() {
    let dir = folder();
    write(dir.path(), "Dockerfile", "FROM alpine:3.20\nUSER nobody\n");
    let ran = run(dir.path(), &["check", "--select", "no-such-rule-at-all"]);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("no-such-rule-at-all"), "{}", ran.err);
    assert_eq!(run(dir.path(), &["check", "--select", "DL3008", "--fail-on", "never"]).status, Some(0));
}

#[test]
fn a_folder_named_dockerfile_is_walked_like_any_other() {
    let dir = folder();
    write(dir.path(), "Dockerfile/Dockerfile", "FROM alpine:3.20\nRUN cd /tmp\n");
    let ran = run(dir.path(), &["check", "--format", "json", "--fail-on", "never"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.out.contains("\"files\": 1"), "{}", ran.out);
    let ran = run(dir.path(), &["check", "Dockerfile", "--format", "json", "--fail-on", "never"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
}

#[test]
#[cfg(unix)]
fn a_file_that_cannot_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder();
    write(dir.path(), "Dockerfile", "FROM alpine:3.20\n");
    let path = dir.path().join("Dockerfile");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).expect("permissions");
    if std::fs::read(&path).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    let ran = run(dir.path(), &["check", "Dockerfile"]);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("Dockerfile") && ran.err.contains("permission denied"), "{}", ran.err);
}

#[test]
#[cfg(unix)]
fn links_that_lead_in_circles_are_not_followed_for_ever() {
    let dir = folder();
    write(dir.path(), "app/Dockerfile", "FROM alpine:3.20\nUSER nobody\n");
    std::os::unix::fs::symlink(dir.path(), dir.path().join("app/again")).expect("a link");
    std::os::unix::fs::symlink("circle", dir.path().join("circle")).expect("a link");
    std::os::unix::fs::symlink("nowhere", dir.path().join("Dockerfile")).expect("a link");
    let ran = run(dir.path(), &["check", "--fail-on", "never"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(run(dir.path(), &["check", "circle"]).status, Some(2));
}

#[test]
fn a_line_of_ten_megabytes_is_read_in_good_time() {
    let dir = folder();
    write(dir.path(), "Dockerfile", format!("FROM alpine:3.20\nRUN cd /tmp && echo {}\nUSER nobody\n", "x".repeat(10_000_000)));
    let value = "y".repeat(10_000_000);
    write(dir.path(), "compose.yml", format!("services:\n  web:\n    image: nginx:1.27\n    environment:\n      A: \"{value}\"\n"));
    for format in ["text", "sarif"] {
        let ran = run(dir.path(), &["check", "--preset", "strict", "--fail-on", "never", "--format", format]);
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        assert!(ran.took < Duration::from_secs(30), "{format}: {:?}", ran.took);
        assert!(ran.out.len() < 1_000_000, "{format} prints {} bytes", ran.out.len());
    }
}

#[test]
fn ten_thousand_nested_levels_are_read() {
    let dir = folder();
    write(dir.path(), "compose.yml", format!("services: {}{}\n", "[".repeat(10_000), "]".repeat(10_000)));
    write(dir.path(), "block/compose.yml", (0..10_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>());
    write(dir.path(), "shell/Dockerfile", format!("FROM alpine:3.20\nRUN echo {}{}\n", "$(".repeat(10_000), ")".repeat(10_000)));
    write(dir.path(), "json/Dockerfile", format!("FROM alpine:3.20\nCMD {}{}\n", "[".repeat(10_000), "]".repeat(10_000)));
    write(dir.path(), "variables/Dockerfile", format!("FROM alpine:3.20\nENV A={}b{}\n", "${A:-".repeat(10_000), "}".repeat(10_000)));
    for path in ["compose.yml", "block", "shell", "json", "variables"] {
        let ran = run(dir.path(), &["check", path, "--fail-on", "never"]);
        assert_eq!(ran.status, Some(0), "{path}: {}", ran.err);
        assert!(ran.took < Duration::from_secs(30), "{path}: {:?}", ran.took);
    }
}

#[test]
fn every_broken_file_is_read_as_far_as_it_can_be() {
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(broken()).expect("fixtures").flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    names.sort();
    assert!(names.len() > 15);
    for dir in names {
        for format in ["text", "json"] {
            let ran = run(&dir, &["check", "--preset", "strict", "--format", format]);
            assert!(matches!(ran.status, Some(0 | 1)), "{}: {ran:?}", dir.display());
            assert!(harmless(&ran.out) && harmless(&ran.err), "{}: {ran:?}", dir.display());
            assert!(ran.took < Duration::from_secs(20), "{}: {:?}", dir.display(), ran.took);
        }
        for (args, allowed) in [(&["config"][..], [0, 1, 2]), (&["plan"][..], [0, 1, 2])] {
            let ran = run(&dir, args);
            assert!(ran.status.is_some_and(|s| allowed.contains(&s)), "{args:?} in {}: {ran:?}", dir.display());
        }
    }
}

#[test]
fn texts_that_no_builder_takes_are_reported() {
    if !has_rule("syntax-error") || !has_rule("yaml-syntax") {
        eprintln!("skipped: the rules on syntax are not there");
        return;
    }
    for name in ["utf16", "broken-yaml", "unknown-instruction", "no-from"] {
        let ran = run(&broken().join(name), &["check", "--format", "compact"]);
        assert_eq!(ran.status, Some(1), "{name}: {ran:?}");
        assert!(!ran.out.is_empty(), "{name}");
    }
}

#[test]
fn a_closed_pipe_ends_the_output_silently() {
    let dir = folder();
    let services = (0..800).map(|n| format!("  s{n}:\n    image: nginx:1.27\n    links: [db]\n")).collect::<String>();
    write(dir.path(), "compose.yml", format!("services:\n{services}"));
    let args = ["check", "--select", "links", "--fail-on", "info", "--format", "json"];
    let mut child = command(dir.path(), &args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut first = [0; 16];
    child.stdout.take().expect("a pipe").read_exact(&mut first).expect("some output");
    let output = child.wait_with_output().expect("the binary ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn standard_input_has_a_name() {
    let dir = folder();
    let args = [&["check", "-", "--stdin-filename", "app/compose.yml", "--format", "compact"], &ONLY_LINKS[..]].concat();
    let ran = run_with(dir.path(), &args, LINKS.as_bytes());
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.out.starts_with("app/compose.yml:4:") && ran.out.lines().count() == 1, "{}", ran.out);
    let ran = run_with(dir.path(), &["check", "-", "--fix"], LINKS.as_bytes());
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("standard input"), "{}", ran.err);
}

#[test]
fn a_baseline_hides_what_it_accepts_and_nothing_new() {
    let dir = folder();
    write(dir.path(), "compose.yml", LINKS);
    assert_eq!(check_links(dir.path(), &[]).status, Some(1));
    assert_eq!(check_links(dir.path(), &["--write-baseline", "accepted.json"]).status, Some(0));
    let ran = check_links(dir.path(), &["--baseline", "accepted.json"]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    write(dir.path(), "compose.yml", format!("# moved\n\n{LINKS}  more:\n    image: nginx:1.27\n    links: [web]\n"));
    let ran = check_links(dir.path(), &["--baseline", "accepted.json", "--format", "compact"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.out.starts_with("compose.yml:11:") && ran.out.lines().count() == 1, "{}", ran.out);
    write(dir.path(), "accepted.json", "no baseline");
    assert_eq!(check_links(dir.path(), &["--baseline", "accepted.json"]).status, Some(2));
}

#[test]
fn an_output_file_holds_the_report() {
    let dir = folder();
    write(dir.path(), "compose.yml", LINKS);
    let ran = check_links(dir.path(), &["--format", "sarif", "--output-file", "out.sarif"]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(1), ""));
    let text = std::fs::read_to_string(dir.path().join("out.sarif")).expect("the file");
    assert!(text.contains("\"2.1.0\"") && text.ends_with("}\n"));
    let ran = check_links(dir.path(), &["--output-file", "no/such/folder"]);
    assert_eq!((ran.status, ran.err.lines().count()), (Some(2), 1), "{ran:?}");
}

#[test]
fn severity_hides_and_fail_on_fails() {
    let dir = folder();
    write(dir.path(), "compose.yml", LINKS);
    let links = |more: &[&str]| run(dir.path(), &[&["check", "--select", "links", "--format", "compact"], more].concat());
    assert_eq!(links(&[]).status, Some(0), "an info fails nothing by default");
    assert_eq!(links(&["--fail-on", "style"]).status, Some(1));
    assert_eq!(links(&["--fail-on", "never"]).status, Some(0));
    assert!(!links(&[]).out.is_empty());
    assert!(links(&["--severity", "warning"]).out.is_empty());
    assert!(links(&["--ignore", "links"]).out.is_empty());
    assert!(links(&["--statistics"]).out.starts_with("1  info     links"));
}

#[test]
fn what_is_not_there_says_so() {
    let dir = folder();
    write(dir.path(), "compose.yml", LINKS);
    for args in [&["check", "--statistics", "--format", "sarif"][..], &["explain", "no-such-rule"], &["explain", "linkz"]] {
        let ran = run(dir.path(), args);
        assert_eq!((ran.status, ran.err.lines().count()), (Some(2), 1), "{args:?}: {ran:?}");
    }
    assert!(run(dir.path(), &["explain", "linkz"]).err.contains("`links`"));
    assert!(run(dir.path(), &["explain", "links"]).out.starts_with("links\ncompose · info\n"));
    assert!(run(dir.path(), &["rules", "--format", "json"]).out.starts_with("{\n  \"version\": 1,"));
}

#[test]
fn every_run_prints_the_same_bytes() {
    let dir = folder();
    write(dir.path(), "compose.yml", LINKS);
    for name in ["a", "b", "c", "d"] {
        write(dir.path(), &format!("{name}/Dockerfile"), "FROM alpine\nRUN cd /tmp && sudo apk add curl\nRNU x\n");
    }
    for format in ["text", "compact", "json", "jsonl", "sarif", "github", "gitlab", "checkstyle", "junit", "rdjson"] {
        let args = ["check", "--preset", "strict", "--format", format];
        let first = run(dir.path(), &args);
        assert!(!first.out.is_empty(), "{format}: {}", first.err);
        for _ in 0..3 {
            assert_eq!(run(dir.path(), &args).out, first.out, "{format}");
        }
    }
}

#[test]
fn a_configuration_is_found_and_its_mistakes_are_named() {
    let dir = folder();
    write(dir.path(), "app/compose.yml", LINKS);
    write(dir.path(), ".git/HEAD", "");
    write(dir.path(), ".stacklint.yaml", "select: [links]\nseverity: {links: error}\n");
    let app = dir.path().join("app");
    let ran = run(&app, &["check", "--format", "compact"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.out.contains(": error links: "), "{}", ran.out);
    assert!(!run(&app, &["check", "--no-config", "--format", "compact"]).out.contains("error links"));
    write(dir.path(), "app/.stacklint.yaml", "exclude: ['*.yml']\n");
    assert!(run(&app, &["check", "--preset", "strict"]).out.is_empty());
    write(dir.path(), "app/.stacklint.yaml", "ignroe: [links]\n");
    let ran = run(&app, &["check"]);
    assert_eq!((ran.status, ran.err.lines().count()), (Some(2), 1), "{ran:?}");
    assert!(ran.err.contains(".stacklint.yaml") && ran.err.contains("ignroe"), "{}", ran.err);
    assert_eq!(run(&app, &["check", "--config", "nowhere.yml"]).status, Some(2));
}

#[test]
fn templates_of_generators_are_no_stack_unless_they_are_named() {
    let dir = folder();
    let text = "services:\n  web:\n    image: nginx:1.29\nnetworks:\n  {{cookiecutter.network}}:\n    external: true\n";
    write(dir.path(), "compose.yaml", text);
    let ran = run(dir.path(), &["check"]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    let ran = run(dir.path(), &["check", "compose.yaml"]);
    assert!(
        ran.status == Some(1) && ran.out.contains("a key must be a string") && ran.out.contains("a placeholder of a template"),
        "{}",
        ran.out
    );
}

/// A folder named like the password of a service in it: dots would make the path useless and hide nothing.
#[test]
fn a_path_is_printed_whole_though_a_password_reads_like_a_part_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let text = "services:\n  db:\n    image: mysql:9\n    environment:\n      MYSQL_PASSWORD: vulhub\n    volumes:\n      - ./my.cnf:/etc/mysql/my.cnf\n";
    write(dir.path(), "vulhub/compose.yml", text);
    let ran = run(dir.path(), &["check", "--select", "ALL", "--format", "json", "."]);
    assert!(ran.out.contains("`vulhub/my.cnf` is not there"), "{}", ran.out);
}

#[test]
fn a_secret_stays_hidden_where_its_own_finding_is_silenced_or_not_asked_for() {
    if !has_rule("secret-in-env") {
        eprintln!("skipped: the rule on secrets in ENV is not there");
        return;
    }
    let dir = folder();
    let secret = "q8Zt3nV0xLw7Rk2YbC5dHj9sMf4gPu6TaE1oWiXe";
    let asked = &["check", "--preset", "strict"][..];
    for (comment, args) in
        [("", asked), ("# stacklint: ignore[secret-in-env] known\n", asked), ("", &["check", "--select", "untagged-image"])]
    {
        write(dir.path(), "Dockerfile", format!("FROM alpine\n{comment}ENV AWS_SECRET_ACCESS_KEY={secret}\n"));
        for format in ["text", "compact", "json", "jsonl", "sarif", "github", "gitlab", "checkstyle", "junit", "rdjson"] {
            let ran = run(dir.path(), &[args, &["--format", format]].concat());
            assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{format}: {}", ran.out);
        }
        let ran = run(dir.path(), &[args, &["--unsafe-fixes", "--diff"]].concat());
        assert!(!ran.out.contains(secret), "{}", ran.out);
    }
}

#[test]
fn a_script_that_cannot_be_read_to_its_end_is_not_rewritten() {
    let dir = folder();
    let text = "FROM debian:13\nRUN export QUIET=true && files=`ls /srv\n";
    write(dir.path(), "Dockerfile", text);
    let args = &["check", "--select", "export-does-not-persist", "--unsafe-fixes"];
    let ran = run(dir.path(), args);
    assert!(ran.out.contains("export-does-not-persist"), "{}", ran.out);
    assert_eq!(std::fs::read_to_string(dir.path().join("Dockerfile")).expect("it is there"), text);

    write(dir.path(), "Dockerfile", "FROM debian:13\nRUN export QUIET=true\n");
    run(dir.path(), args);
    assert_eq!(std::fs::read_to_string(dir.path().join("Dockerfile")).expect("it is there"), "FROM debian:13\nENV QUIET=true\n");
}
