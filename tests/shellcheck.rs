//! `--shellcheck`: what the real tool finds stands at the words that it means, once, and where it was asked for.

use std::path::Path;
use std::process::{Command, Output};

/// The tool to test with: the one that the environment names, or the one on the path. Without it there is nothing to test.
fn tool() -> Option<String> {
    let named = std::env::var("STACKLINT_TEST_SHELLCHECK").unwrap_or_else(|_| "shellcheck".to_owned());
    let there = Command::new(&named).arg("--version").output().is_ok_and(|o| o.status.success());
    if !there {
        eprintln!("SKIPPED: no ShellCheck here; install it, or name one in STACKLINT_TEST_SHELLCHECK");
    }
    there.then_some(named)
}

fn check(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stacklint"))
        .current_dir(dir)
        .args(["check", "--no-config", "--format", "compact", "--fail-on", "never"])
        .args(args)
        .output()
        .unwrap()
}

/// The findings that come from the tool: line, column and id.
fn found(dir: &Path, args: &[&str]) -> Vec<(u64, u64, String)> {
    let output = Command::new(env!("CARGO_BIN_EXE_stacklint"))
        .current_dir(dir)
        .args(["check", "--no-config", "--format", "json", "--fail-on", "never"])
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = report["diagnostics"].as_array().unwrap();
    let outside = all.iter().filter(|d| d["rule"] == "shellcheck-finding");
    let at = |d: &serde_json::Value, key: &str| d["range"]["start"][key].as_u64().unwrap();
    outside.map(|d| (at(d, "line"), at(d, "column"), d["aliases"][0].as_str().unwrap().to_owned())).collect()
}

fn folder(text: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("Dockerfile"), text).unwrap();
    dir
}

/// An assignment to itself, which no rule here knows; the words that come before it differ.
const FORMS: &[(&str, (u64, u64))] = &[
    ("FROM alpine:3.22\nRUN v=$1; v=$v; echo \"$v\"\n", (2, 11)),
    ("FROM alpine:3.22\nRUN true \\\n  # why\n\n  && v=$1 && v=$v && echo \"$v\"\n", (5, 14)),
    ("FROM alpine:3.22\r\nRUN true \\\r\n  && v=$1 && v=$v && echo \"$v\"\r\n", (3, 14)),
    ("# escape=`\nFROM alpine:3.22\nRUN true `\n  && v=$1 && v=$v && echo \"$v\"\n", (4, 14)),
    ("FROM alpine:3.22\nRUN [\"sh\", \"-c\", \"v=$1; v=$v; echo \\\"$v\\\"\"]\n", (2, 25)),
    ("FROM alpine:3.22\nRUN <<EOF\nv=$1\nv=$v; echo \"$v\"\nEOF\n", (4, 1)),
    ("FROM debian:13\nRUN bash <<'EOF'\nv=$1\nv=$v; echo \"$v\"\nEOF\n", (4, 1)),
    ("FROM debian:13\nRUN sh -c 'v=$1; v=$v; echo \"$v\"'\n", (2, 18)),
    ("FROM debian:13\nONBUILD RUN v=$1; v=$v; echo \"$v\"\n", (2, 19)),
    ("FROM debian:13\nRUN echo \u{e9}\u{e9}; v=$1;\tv=$v; echo \"$v\"\n", (2, 20)),
];

#[test]
fn findings_stand_at_the_words_in_every_form() {
    let Some(tool) = tool() else { return };
    for (text, (line, column)) in FORMS {
        let dir = folder(text);
        let all = found(dir.path(), &["--shellcheck", &tool, "--select", "SC2269", "Dockerfile"]);
        assert_eq!(all, [(*line, *column, "SC2269".to_owned())], "{text}");
    }
}

#[test]
fn what_rules_here_carry_is_not_said_twice() {
    let Some(tool) = tool() else { return };
    let dir = folder("FROM alpine:3.22\nARG NAME\nRUN v=$1; v=$v; echo $v `date` $NAME\n");
    let ids: Vec<String> = found(dir.path(), &["--shellcheck", &tool, "--select", "ALL", "Dockerfile"]).into_iter().map(|f| f.2).collect();
    assert_eq!(ids, ["SC2269"]);
}

#[test]
fn ids_select_ignore_and_silence() {
    let Some(tool) = tool() else { return };
    let with = |text: &str, args: &[&str]| {
        let dir = folder(text);
        let args: Vec<&str> = ["--shellcheck", &tool].into_iter().chain(args.iter().copied()).chain(["Dockerfile"]).collect();
        found(dir.path(), &args).len()
    };
    let line = "RUN v=$1; v=$v; echo \"$v\"\n";
    let plain = format!("FROM alpine:3.22\n{line}");
    assert_eq!(with(&plain, &[]), 1);
    assert_eq!(with(&plain, &["--ignore", "SC2269"]), 0);
    assert_eq!(with(&plain, &["--ignore", "shellcheck-finding"]), 0);
    assert_eq!(with(&plain, &["--select", "SC2268"]), 0);
    assert_eq!(with(&plain, &["--select", "shell"]), 1);
    for comment in [
        "# shellcheck disable=SC2269",
        "# hadolint ignore=SC2269",
        "# stacklint: ignore[SC2269] why",
        "# stacklint: ignore[shellcheck-finding]",
    ] {
        assert_eq!(with(&format!("FROM alpine:3.22\n{comment}\n{line}"), &[]), 0, "{comment}");
    }
    assert_eq!(with("FROM mcr.microsoft.com/windows/servercore:ltsc2025\nRUN v=$v\n", &["--select", "ALL"]), 0);
}

#[test]
fn a_configuration_names_ids_and_never_runs_the_tool() {
    let Some(tool) = tool() else { return };
    let dir = folder("FROM alpine:3.22\nRUN v=$1; v=$v; echo \"$v\"\n");
    std::fs::write(dir.path().join("c.yaml"), "ignore: [SC2269]\n").unwrap();
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_stacklint")).current_dir(dir.path()).arg("check").args(args).output().unwrap();
        String::from_utf8_lossy(&output.stdout).contains("shellcheck-finding")
    };
    assert!(run(&["--no-config", "--shellcheck", &tool, "Dockerfile"]));
    assert!(!run(&["--config", "c.yaml", "--shellcheck", &tool, "Dockerfile"]));
    assert!(!run(&["--no-config", "--select", "ALL", "Dockerfile"]));
}

#[test]
fn a_tool_that_is_not_there_or_does_not_work_ends_the_run() {
    let dir = folder("FROM alpine:3.22\nRUN echo\n");
    for (tool, said) in
        [("./no-such-tool", "cannot run ./no-such-tool"), ("false", "false does not answer as ShellCheck"), ("cat", "cat failed")]
    {
        let output = check(dir.path(), &["--shellcheck", tool, "Dockerfile"]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{tool}: {error}");
        assert!(error.contains(said) && error.trim().lines().count() == 1, "{tool}: {error}");
        assert!(output.stdout.is_empty());
    }
}
