//! The commands beside the check: `init`, `completions`, `man`.

use std::fs;
use std::path::Path;
use std::process::Command;

struct Ran {
    status: Option<i32>,
    out: String,
    err: String,
}

fn run(dir: &Path, args: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_stacklint")).args(args).current_dir(dir).env("NO_COLOR", "1").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

const COMPOSE: &str = "services:\n  web:\n    build: .\n  db:\n    image: ghcr.io/me/db\n";

#[test]
fn init_writes_a_configuration_that_fits_what_is_there() {
    let dir = folder(&[
        ("compose.yml", COMPOSE),
        ("Dockerfile", "FROM python:3.12\nRUN apt-get install -y curl\n"),
        ("examples/one/Dockerfile", "FROM quay.io/x/y:1\n"),
    ]);
    let ran = run(dir.path(), &["init"]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(ran.err.contains("wrote .stacklint.yaml"));
    let text = fs::read_to_string(dir.path().join(".stacklint.yaml")).unwrap();
    assert!(text.contains("# Here are 2 Dockerfiles, 1 Compose file, 2 services.\n"), "{text}");
    assert!(text.contains("\npreset: recommended\n") && text.contains("\nfail-on: warning\n"), "{text}");
    assert!(text.contains("in use are docker.io, ghcr.io, quay.io.\n# trusted-registries: [docker.io, ghcr.io, quay.io]\n"), "{text}");
    assert!(text.contains("# exclude: [\"examples/**\"]\n"), "{text}");
    // As it stands it changes nothing; and every line that it offers can be taken.
    let format = ["check", "--format", "json", "--fail-on", "never"];
    let with = run(dir.path(), &format);
    fs::write(dir.path().join(".stacklint.yaml"), text.replace("\n# ignore: [links", "\nignore: [install-without-update")).unwrap();
    let found = |ran: &Ran| ran.out.matches("\"rule\": \"install-without-update\"").count();
    assert_eq!((found(&with), found(&run(dir.path(), &format))), (1, 0), "{}", with.out);
    fs::remove_file(dir.path().join(".stacklint.yaml")).unwrap();
    assert_eq!(with.out, run(dir.path(), &format).out);
    let offered: String = text
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|l| l.split(' ').next().unwrap().ends_with(':')).unwrap_or(line))
        .map(|l| format!("{l}\n"))
        .collect();
    fs::write(dir.path().join(".stacklint.yaml"), offered.replacen("yaml-language-server:", "# yaml-language-server:", 1)).unwrap();
    let ran = run(dir.path(), &format);
    assert_eq!(ran.status, Some(0), "{}\n{offered}", ran.err);
}

#[test]
fn init_writes_over_nothing_unless_it_is_told_to() {
    let dir = folder(&[("compose.yml", COMPOSE), (".stacklint.yml", "ignore: [links]\n")]);
    let ran = run(dir.path(), &["init"]);
    assert_eq!(ran.status, Some(2));
    assert_eq!(ran.err, "stacklint: .stacklint.yml is there already; --force writes over it\n");
    assert!(!dir.path().join(".stacklint.yaml").exists());
    assert_eq!(run(dir.path(), &["init", "--force"]).status, Some(0));
    assert!(fs::read_to_string(dir.path().join(".stacklint.yml")).unwrap().contains("preset"));
    assert!(!dir.path().join(".stacklint.yaml").exists(), "there is one configuration, not two");
}

#[test]
fn init_takes_over_what_hadolints_configuration_says() {
    let hadolint = "ignored: [DL3008, SC2086]\noverride: {error: [DL3059]}\ntrustedRegistries: ['*.gcr.io', docker.io]\nfailure-threshold: error\nlabel-schema: {author: text}\nstrict-labels: true\n";
    let dir = folder(&[("Dockerfile", "FROM python\nRUN a\nRUN b\n"), (".hadolint.yaml", hadolint)]);
    assert_eq!(run(dir.path(), &["init"]).status, Some(0));
    let text = fs::read_to_string(dir.path().join(".stacklint.yaml")).unwrap();
    for line in [
        "ignore: [DL3008, SC2086]",
        "severity: {DL3059: error}",
        "trusted-registries: [\"*.gcr.io\", docker.io]",
        "fail-on: error",
        "label-schema: {author: text}",
        "strict-labels: true",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    assert!(run(dir.path(), &["check", "--format", "json"]).status.is_some_and(|s| s < 2));
}

#[test]
fn init_takes_over_what_dclints_configuration_says() {
    let dclint = "{\"rules\": {\"no-version-field\": 0, \"no-build-and-image\": [2, {\"checkPullPolicy\": true}]}, \"exclude\": [\"old/\", \"a*b\"]}";
    let stack = "version: '3'\nservices:\n  web: {image: web, build: ., imagee: x}\n";
    let paths = ["compose.yaml", "old/compose.yaml", "new/compose.yaml", "a*b/compose.yaml", "axb/compose.yaml"];
    let files: Vec<(&str, &str)> = paths.iter().map(|path| (*path, stack)).chain([(".dclintrc", dclint)]).collect();
    let dir = folder(&files);
    let before = run(dir.path(), &["check", "--format", "json"]);
    assert_eq!(run(dir.path(), &["init"]).status, Some(0));
    let text = fs::read_to_string(dir.path().join(".stacklint.yaml")).unwrap();
    for line in ["exclude: [\"*old/*\", \"*a[*]b*\"]", "ignore: [no-version-field]", "severity: {no-build-and-image: error}"] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    let after = run(dir.path(), &["check", "--format", "json"]);
    assert!(before.out.contains("new/compose.yaml") && before.out.contains("axb/") && !before.out.contains("old/"), "{}", before.out);
    assert_eq!(after.out, before.out);
}

#[test]
fn init_adds_the_hook_and_the_workflow() {
    let dir = folder(&[("compose.yml", COMPOSE)]);
    let ran = run(dir.path(), &["init", "--pre-commit", "--github"]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let hook = fs::read_to_string(dir.path().join(".pre-commit-config.yaml")).unwrap();
    assert!(hook.starts_with("repos:\n  - repo: https://github.com/stacklint/stacklint\n") && hook.contains("- id: stacklint\n"));
    let workflow = fs::read_to_string(dir.path().join(".github/workflows/stacklint.yml")).unwrap();
    assert!(serde_yaml::from_str::<serde_json::Value>(&workflow).unwrap()["jobs"]["check"]["steps"].is_array());
    // Other people's hooks stay, even with --force.
    let ran = run(dir.path(), &["init", "--pre-commit", "--force"]);
    assert!(ran.status == Some(0) && ran.err.contains("has the hook already"), "{}", ran.err);
    fs::write(dir.path().join(".pre-commit-config.yaml"), "repos: []\n").unwrap();
    let ran = run(dir.path(), &["init", "--pre-commit", "--force"]);
    assert!(ran.out.starts_with("  - repo: ") && ran.err.contains("add this to its `repos`"), "{}", ran.err);
    assert_eq!(fs::read_to_string(dir.path().join(".pre-commit-config.yaml")).unwrap(), "repos: []\n");
    assert_eq!(run(dir.path(), &["init", "--github"]).status, Some(2));
}

#[test]
fn init_goes_on_where_there_is_no_stack_yet() {
    let dir = folder(&[("a.txt", "")]);
    let ran = run(dir.path(), &["init"]);
    assert!(ran.status == Some(0) && ran.err.contains("no Dockerfile and no Compose file"), "{}", ran.err);
}

#[test]
fn completions_know_every_command() {
    let dir = folder(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = run(dir.path(), &["completions", shell]);
        assert_eq!(ran.status, Some(0));
        assert!(["check", "plan", "config", "--unsafe-fixes"].iter().all(|word| ran.out.contains(word.trim_start_matches('-'))), "{shell}");
    }
    let bash = run(dir.path(), &["completions", "bash"]).out;
    fs::write(dir.path().join("stacklint.bash"), bash).unwrap();
    let script = "source ./stacklint.bash; COMP_WORDS=(stacklint check --form); COMP_CWORD=2; _stacklint stacklint --form check; echo ${COMPREPLY[*]}";
    let output = Command::new("bash").args(["-c", script]).current_dir(dir.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "--format", "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(run(dir.path(), &["completions", "tcsh"]).status, Some(2));
}

#[test]
fn the_manual_page_holds_every_command_with_its_options() {
    let dir = folder(&[]);
    let ran = run(dir.path(), &["man"]);
    assert_eq!(ran.status, Some(0));
    assert!(ran.out.contains(".TH stacklint 1"), "{}", &ran.out[..200]);
    for part in [".SH STACKLINT CHECK", ".SH STACKLINT PLAN", "\\-\\-unsafe\\-fixes", "\\-\\-build\\-arg"] {
        assert!(ran.out.contains(part), "{part}");
    }
}
