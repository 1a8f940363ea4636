//! What would run again after an edit: what BuildKit was seen to do, fact by fact.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Runs `stacklint plan` in a folder and gives what it prints.
fn plan(dir: &Path, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stacklint"));
    let output = command.arg("plan").args(args).current_dir(dir).env("XDG_CACHE_HOME", dir).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Lays out a tree: `path: text`, `path/: ` for an empty folder, `path -> target` for a link, `path!755: text` with a mode.
fn lay_out(dir: &Path, dockerfile: &str, files: &[&str]) {
    let _ = fs::remove_dir_all(dir);
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("Dockerfile"), dockerfile).unwrap();
    for file in files {
        if let Some((link, target)) = file.split_once(" -> ") {
            fs::create_dir_all(dir.join(link).parent().unwrap()).unwrap();
            symlink(target, dir.join(link)).unwrap();
            continue;
        }
        let (path, text) = file.split_once(": ").unwrap_or((file, ""));
        let (path, mode) = path.split_once('!').unwrap_or((path, "644"));
        let full = dir.join(path);
        if path.ends_with('/') {
            fs::create_dir_all(full).unwrap();
            continue;
        }
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(&full, text).unwrap();
        fs::set_permissions(&full, fs::Permissions::from_mode(u32::from_str_radix(mode, 8).unwrap())).unwrap();
    }
}

/// The prediction after an edit, a letter a step: Cached, Runs, Depends; then the causes.
fn predicted(before: (&str, &[&str], &[&str]), after: (&str, &[&str], &[&str])) -> (String, Vec<String>) {
    let place = tempfile::tempdir().unwrap();
    let (dir, record) = (place.path().join("project"), place.path().join("record.json"));
    lay_out(&dir, before.0, before.1);
    plan(&dir, &[&["Dockerfile", "--record", record.to_str().unwrap()], before.2].concat());
    lay_out(&dir, after.0, after.1);
    let out = plan(&dir, &[&["Dockerfile", "--format", "json", "--against", record.to_str().unwrap()], after.2].concat());
    let out: Value = serde_json::from_str(&out).unwrap();
    let steps = out["steps"].as_array().unwrap();
    let letter = |step: &Value| match step["cached"].as_bool() {
        Some(true) => 'C',
        Some(false) => 'R',
        None => 'D',
    };
    let cause = |step: &Value| format!("{}: {}", step["cause"]["line"], step["cause"]["message"].as_str().unwrap_or_default());
    let causes = steps.iter().filter(|step| !step["cause"].is_null()).map(cause).collect();
    (steps.iter().map(letter).collect(), causes)
}

fn edited(before: &str, after: &str, files: &[&str]) -> String {
    predicted((before, files, &[]), (after, files, &[])).0
}

#[test]
fn texts_count_as_the_builder_reads_them() {
    let base = "FROM base\nRUN a && b\nRUN c\n";
    for (after, letters) in [
        ("FROM base\n# why\n\nrun a && b   \nRUN c\n", "CC"),
        ("FROM base\nRUN a &&\\\n b\nRUN c\n", "CC"),
        ("FROM base\nRUN a && \\\n b\nRUN c\n", "RR"),
        ("FROM base\nRUN [\"/bin/sh\", \"-c\", \"a && b\"]\nRUN c\n", "CC"),
        ("FROM base\nSHELL [\"/bin/sh\", \"-ec\"]\nRUN a && b\nRUN c\n", "RR"),
        ("FROM base\nRUN a && b\nSHELL [\"/bin/sh\", \"-c\"]\nLABEL x=y\nCMD z\nRUN c\n", "CC"),
        ("FROM base\nRUN a && b\nRUN --network=default --security=sandbox c\n", "CC"),
        ("FROM base\nRUN a && b\nRUN --network=none c\n", "CR"),
        ("FROM base\nRUN <<E\na && b\nE\nRUN c\n", "RR"),
        ("FROM docker.io/library/base:latest\nRUN a && b\nRUN c\n", "CC"),
        ("FROM base:2\nRUN a && b\nRUN c\n", "RR"),
        ("FROM base AS x\nRUN a && b\nFROM x\nRUN c\n", "CC"),
        ("FROM base\nRUN c\n", "R"),
        ("FROM base\nRUN a && b\n", "C"),
    ] {
        assert_eq!(edited(base, after, &[]), letters, "{after}");
    }
    let script = "FROM base\nRUN <<E\necho a\nE\n";
    assert_eq!(edited(script, "FROM base\nRUN <<-X\n\techo a\nX\n", &[]), "C");
    assert_eq!(edited(script, "FROM base\nRUN [\"/bin/sh\", \"-c\", \"echo a\\n\"]\n", &[]), "C");
    let shebang = "FROM base\nRUN <<E\n#!/bin/ash\necho a\nE\n";
    assert_eq!(edited(shebang, &shebang.replace('E', "X"), &[]), "R");
}

#[test]
fn variables_count_with_their_order() {
    let base = "FROM base\nENV A=1\nENV B=2\nCOPY f /f\nRUN x\n";
    for (after, letters) in [
        ("FROM base\nENV A=1 B=2\nCOPY f /f\nRUN x\n", "CC"),
        ("FROM base\nENV A=1\nENV B=2\nENV A=1\nCOPY f /f\nRUN x\n", "CR"),
        ("FROM base\nENV B=2 A=1\nCOPY f /f\nRUN x\n", "CR"),
        ("FROM base\nARG A=1\nENV B=2\nCOPY f /f\nRUN x\n", "CC"),
        ("FROM base\nARG A=9\nENV A=1\nENV B=2\nCOPY f /f\nRUN x\n", "CC"),
        ("FROM base\nENV A=1\nENV B=2\nARG C\nCOPY f /f\nRUN x\n", "CC"),
        ("FROM base\nENV A=1\nENV B=2\nARG C=\nCOPY f /f\nRUN x\n", "CR"),
        ("FROM base\nENV A=1\nENV B=2\nARG TARGETARCH\nCOPY f /f\nRUN x\n", "CR"),
        ("ARG C=3\nFROM base\nENV A=1\nENV B=2\nCOPY f /f\nRUN x\n", "CC"),
        ("ARG C=3\nFROM base\nENV A=1\nENV B=2\nARG C\nCOPY f /f\nRUN x\n", "CR"),
    ] {
        assert_eq!(edited(base, after, &["f: 1"]), letters, "{after}");
    }
    // A stage that is built on another sets that one's ENV once more, after its ARGs.
    let one = "FROM base\nENV A=1\nARG B=2\nRUN x\n";
    assert_eq!(edited(one, "FROM base AS s\nENV A=1\nARG B=2\nFROM s\nRUN x\n", &[]), "R");
    assert_eq!(edited(one, "FROM base AS s\nENV A=1\nFROM s\nARG B=2\nRUN x\n", &[]), "C");
    // What COPY names is all that it takes of a variable.
    assert_eq!(edited("FROM base\nENV D=/x\nCOPY f $D\n", "FROM base\nCOPY f /x\n", &["f: 1"]), "C");
    assert_eq!(edited("FROM base\nENV V=1\nCOPY <<E /f\n$V\nE\n", "FROM base\nADD <<E /f\n1\nE\n", &[]), "C");
}

#[test]
fn arguments_count_where_they_are_declared() {
    let file = "FROM base\nWORKDIR /w\nRUN a\nARG X=1\nRUN b\n";
    let letters = |before: &[&str], after: &[&str]| predicted((file, &[], before), (file, &[], after));
    assert_eq!(letters(&[], &["--build-arg", "X=1"]).0, "CCC");
    assert_eq!(letters(&[], &["--build-arg", "Y=1", "--build-arg", "http_proxy=x"]).0, "CCC");
    let (changed, causes) = letters(&[], &["--build-arg", "X=2"]);
    assert_eq!((changed.as_str(), causes), ("CCR", vec!["4: argument X changed".to_owned()]));
    assert_eq!(letters(&["--build-arg", "SOURCE_DATE_EPOCH=1"], &["--build-arg", "SOURCE_DATE_EPOCH=2"]).0, "RRR");
    assert_eq!(letters(&[], &["--no-cache"]).0, "CRR", "the folder is made from what the base image is");
    let (ran, causes) = letters(&[], &["--build-arg", "BUILDKIT_SANDBOX_HOSTNAME=h"]);
    assert_eq!((ran.as_str(), &*causes[0]), ("CRR", "3: the host name is new"));
    let below = "FROM base\nRUN a\nWORKDIR /w\n";
    assert_eq!(predicted((below, &[], &[]), (below, &[], &["--no-cache"])).0, "RR");
}

#[test]
fn of_a_cache_only_the_name_that_its_target_gives_it_counts() {
    let run = |mount: &str| format!("FROM base\nRUN --mount=type=cache,{mount} x\n");
    for (before, after, letter) in [
        ("target=/c", "target=/c,id=/c", "C"),
        ("target=/c", "target=/c,sharing=shared", "C"),
        ("target=/c", "target=/c,id=one", "R"),
        ("target=/c,id=one", "target=/c,id=two", "C"),
        ("target=/c", "target=/c/", "R"),
        ("target=/c,sharing=locked", "target=/c,sharing=private", "C"),
    ] {
        assert_eq!(edited(&run(before), &run(after), &[]), letter, "{before} {after}");
    }
    let file = run("target=/c");
    let named = |name: &'static str| ["--build-arg", name];
    let letters = |before: &[&str], after: &[&str]| predicted((&file, &[], before), (&file, &[], after)).0;
    assert_eq!(letters(&[], &named("BUILDKIT_CACHE_MOUNT_NS=n")), "R");
    assert_eq!(letters(&named("BUILDKIT_CACHE_MOUNT_NS=m"), &named("BUILDKIT_CACHE_MOUNT_NS=n")), "R");
}

#[test]
fn stages_are_reached_as_the_builder_reaches_them() {
    // A mount names stages, and an image where it names none; only COPY counts them.
    let mounted = "FROM base\nRUN a\nFROM base\nRUN --mount=from=0,target=/m x\n";
    assert_eq!(edited(mounted, &mounted.replace("RUN a", "RUN b"), &[]), "C");
    // What ONBUILD reads is read where it is set off, and only there.
    let parent = "FROM base AS o\nRUN a\nFROM base AS p\nONBUILD COPY --from=o /f /f\nRUN b\n";
    assert_eq!(edited(parent, &parent.replace("RUN a", "RUN c"), &[]), "C");
    let child = format!("{parent}FROM p\nRUN d\n");
    assert_eq!(edited(&child, &child.replace("RUN a", "RUN c"), &[]), "RCDD");
}

#[test]
fn users_and_folders_count() {
    let base = "FROM base\nUSER 1\nWORKDIR /a\nCOPY f ./\nRUN x\n";
    for (after, letters) in [
        ("FROM base\nUSER 1:1\nWORKDIR /a\nCOPY f ./\nRUN x\n", "RRR"),
        ("FROM base\nUSER 1\nWORKDIR /a\nUSER 2\nCOPY f ./\nRUN x\n", "CCR"),
        ("FROM base\nUSER 1\nWORKDIR /a/\nCOPY f ./\nRUN x\n", "CCR"),
        ("FROM base\nUSER 1\nWORKDIR /x/../a\nCOPY f ./\nRUN x\n", "CCR"),
        ("FROM base\nUSER 1\nWORKDIR a\nCOPY f .\nRUN x\n", "CCC"),
        ("FROM base\nUSER 1\nWORKDIR /\nWORKDIR /a\nCOPY f /a/\nRUN x\n", "CCC"),
        ("FROM base\nUSER 1\nWORKDIR /a\nWORKDIR /a\nCOPY f ./\nRUN x\n", "CRRR"),
        ("FROM base\nUSER 1\nWORKDIR /a\nCOPY f f\nRUN x\n", "CRR"),
    ] {
        assert_eq!(edited(base, after, &["f: 1"]), letters, "{after}");
    }
    let root = |user: &str| format!("FROM base\nUSER {user}\nWORKDIR /a\nRUN x\n");
    assert_eq!(edited(&root("root"), &root("0"), &[]), "CR");
}

#[test]
fn of_files_their_content_counts_and_what_the_instruction_says() {
    let files = &["f: 1", "g: 2", "d/x: 1", "d/y.md: 2", "d/s/z: 3"];
    for (before, after, letter) in [
        ("COPY f /x", "COPY ./f /x", "C"),
        ("COPY f /x", "COPY [\"f\", \"/x\"]", "C"),
        ("COPY f /x", "COPY f /x/", "R"),
        ("COPY f /x", "ADD f /x", "R"),
        ("COPY f /x", "ADD --unpack=false f /x", "C"),
        ("COPY f /x", "COPY --chown=0:0 f /x", "R"),
        ("COPY --chown=root f /x", "COPY --chown=0 f /x", "C"),
        ("COPY --chown=1 f /x", "COPY --chown=1:1 f /x", "R"),
        ("COPY --chmod=755 f /x", "COPY --chmod=0755 f /x", "C"),
        ("COPY --chmod=755 f /x", "COPY --chmod=u=rwx,go=rx f /x", "R"),
        ("COPY --chmod=755 f /x", "COPY --link --chmod=755 f /x", "C"),
        ("COPY f g /d/", "COPY g f /d/", "R"),
        ("COPY d /d", "COPY d/. /d", "C"),
        ("COPY d /d", "COPY /d/ /d", "C"),
        ("COPY d /d", "COPY d /d/", "R"),
        ("COPY d/*.md /d/", "COPY d/?.md /d/", "R"),
        ("COPY none* f /d/", "COPY f /d/", "R"),
        ("COPY --exclude=*.md d /d", "COPY --exclude=y* d /d", "R"),
        ("COPY --exclude=*.md --chown=1 d /d", "COPY --chown=1 --exclude=*.md d /d", "C"),
    ] {
        let (before, after) = (format!("FROM base\n{before}\n"), format!("FROM base\n{after}\n"));
        assert_eq!(edited(&before, &after, files), letter, "{before} {after}");
    }
}

#[test]
fn changed_files_are_named() {
    let copy = |line: &str| format!("FROM base\n{line}\n");
    let before: &[&str] = &["f: 1", "g: 2", "d/x: 1", "d/y.md: 2", "d/s/z: 3", "l -> f", "ld -> d", "d/out -> ../g"];
    let with = |replaced: &str, by: &[&'static str]| -> Vec<&'static str> {
        let kept = ["f: 1", "g: 2", "d/x: 1", "d/y.md: 2", "d/s/z: 3", "l -> f", "ld -> d", "d/out -> ../g"];
        kept.into_iter().filter(|file| *file != replaced).chain(by.iter().copied()).collect()
    };
    for (line, after, told) in [
        ("COPY f /f", with("f: 1", &["f: 9"]), "f changed"),
        ("COPY f /f", with("f: 1", &["f!755: 1"]), "f has other permissions"),
        ("COPY f /f", with("g: 2", &["g: 9"]), ""),
        ("COPY d /d", with("d/x: 1", &["d/x: 9"]), "d/x changed"),
        ("COPY d /d", with("d/x: 1", &[]), "d/x is gone"),
        ("COPY d /d", with("", &["d/new/a: 1"]), "d/new/a is new"),
        ("COPY d /d", with("", &["d/empty/"]), "d/empty is new"),
        ("COPY d /d", with("g: 2", &["g: 9"]), ""),
        ("COPY d/out /o", with("g: 2", &["g: 9"]), "g changed"),
        ("COPY l /l", with("f: 1", &["f: 9"]), "f changed"),
        ("COPY l /l", with("l -> f", &["l -> ./f"]), ""),
        ("COPY d /d", with("d/out -> ../g", &["d/out -> ../f"]), "d/out changed"),
        ("COPY ld/x /x", with("d/x: 1", &["d/x: 9"]), "d/x changed"),
        ("COPY d/*.md /d/", with("d/x: 1", &["d/x: 9"]), ""),
        ("COPY d/*.md /d/", with("", &["d/b.md: 9"]), "d/b.md is new"),
        ("COPY --exclude=*.md d /d", with("d/y.md: 2", &["d/y.md: 9"]), ""),
        ("COPY --exclude=*.md d /d", with("d/s/z: 3", &["d/s/z: 9"]), "d/s/z changed"),
        ("COPY --parents d/**/z /p/", with("d/x: 1", &["d/x: 9"]), ""),
        ("COPY --parents d/**/z /p/", with("d/s/z: 3", &["d/s/z: 9"]), "d/s/z changed"),
        ("RUN --mount=target=/c true", with("g: 2", &["g: 9"]), "g changed"),
        ("RUN --mount=source=d,target=/c true", with("g: 2", &["g: 9"]), ""),
        ("RUN --mount=source=d,target=/c true", with("d/x: 1", &["d/x: 9"]), "d/x changed"),
    ] {
        let (letters, causes) = predicted((&copy(line), before, &[]), (&copy(line), &after, &[]));
        let expected = if told.is_empty() { ("C".to_owned(), vec![]) } else { ("R".to_owned(), vec![format!("2: {told}")]) };
        assert_eq!((letters, causes), expected, "{line} {after:?}");
    }
}

#[test]
fn what_is_ignored_does_not_count() {
    let all = "FROM base\nCOPY . /app/\n";
    let of = |ignore: &'static str, before: &'static str, after: &'static str| {
        predicted((all, &[ignore, "x: 1", before], &[]), (all, &[ignore, "x: 1", after], &[])).0
    };
    let own = ".dockerignore: Dockerfile\n.dockerignore\n";
    assert_eq!(of(".dockerignore: Dockerfile\n.dockerignore\nlogs\n", "x: 1", "logs/a.log: 2"), "C");
    assert_eq!(of(".dockerignore: Dockerfile\n.dockerignore\n**/*.log\n", "x: 1", "logs/a.log: 2"), "R", "the folder is sent, empty");
    assert_eq!(of(".dockerignore: Dockerfile\n.dockerignore\n__pycache__\n", "x: 1", "app/__pycache__/a.pyc: 2"), "R");
    assert_eq!(of(".dockerignore: *\n!src\n", "src/a: 1", "src/a: 2"), "R");
    assert_eq!(of(".dockerignore: *\n!src\n", "README: 1", "README: 2"), "C");
    assert_eq!(of(own, "x: 1", "x: 1"), "C");
    let commented = "FROM base\n# why\nCOPY . /app/\n";
    assert_eq!(edited(all, commented, &["x: 1"]), "R", "the Dockerfile is a file of the context");
    assert_eq!(edited(all, commented, &["x: 1", own]), "C");
    assert_eq!(edited(all, commented, &["x: 1", "Dockerfile.dockerignore: Dockerfile*\n"]), "C");
}

#[test]
fn mounts_count_by_what_the_command_sees() {
    let run = |flags: &str| format!("FROM base\nWORKDIR /w\nRUN {flags} true\n");
    for (before, after, letters) in [
        ("--mount=type=cache,target=/c", "--mount=target=/c,type=cache,sharing=shared,id=/c", "CC"),
        ("--mount=type=cache,target=/c", "--mount=type=cache,target=/c,id=n", "CR"),
        ("--mount=type=cache,target=/c,id=m", "--mount=type=cache,target=/c,id=n,sharing=locked", "CC"),
        ("--mount=type=cache,target=c", "--mount=type=cache,target=/w/c", "CR"),
        ("--mount=type=cache,target=/c", "--mount=type=cache,target=/c,mode=0755", "CR"),
        ("--mount=type=cache,target=/c,uid=0", "--mount=type=cache,target=/c,mode=755", "CC"),
        ("--mount=type=cache,target=/b --mount=type=cache,target=/a", "--mount=type=cache,target=/a --mount=type=cache,target=/b", "CC"),
        ("--mount=type=secret,id=a --mount=type=secret,id=b", "--mount=type=secret,id=b --mount=type=secret,id=a", "CR"),
        ("--mount=type=secret,id=a", "--mount=type=secret,id=a,mode=0400,target=/run/secrets/a", "CC"),
        ("--mount=type=secret,id=a", "--mount=type=secret,id=a,required", "CR"),
        ("--mount=type=tmpfs,target=/t,size=1m", "--mount=type=tmpfs,target=/t,size=1048576", "CC"),
        ("--mount=type=bind,source=f,target=/f", "--mount=source=g,dst=/f", "CC"),
        ("--mount=type=bind,source=f,target=/f", "--mount=source=f,dst=/f,rw", "CR"),
        ("--mount=type=ssh", "--mount=type=ssh,mode=0600", "CC"),
        ("--mount=type=ssh", "--mount=type=ssh,id=x", "CR"),
    ] {
        assert_eq!(edited(&run(before), &run(after), &["f: 1", "g: 1"]), letters, "{before} {after}");
    }
}

#[test]
fn what_is_copied_out_of_a_stage_that_runs_again_depends() {
    let file = |a: &str| format!("FROM base AS a\nRUN {a}\nFROM base\nRUN own\nCOPY --from=a /o /o\nRUN end\n");
    let (letters, causes) = predicted((&file("x"), &[], &[]), (&file("y"), &[], &[]));
    assert_eq!(letters, "RCDD");
    assert_eq!(causes[1], "2: depends on what `a` puts out");
    let child = |a: &str| format!("FROM base AS a\nRUN {a}\nFROM a\nRUN end\n");
    assert_eq!(edited(&child("x"), &child("y"), &[]), "RR", "a stage that is built on it runs in any case");
    // Where nothing like it was built before, there is nothing to depend on.
    let dest = |a: &str, dest: &str| format!("FROM base AS a\nRUN {a}\nFROM base\nCOPY --from=a /o {dest}\nRUN end\n");
    assert_eq!(edited(&dest("x", "/o"), &dest("y", "/p"), &[]), "RRR");
    assert_eq!(edited(&dest("x", "/o"), &dest("x", "/o").replace("--from=a", "--from=0"), &[]), "CCC");
    // Equal steps of several stages are one, whatever stands around them.
    let twin = "FROM base AS a\nWORKDIR /app\nRUN a\nFROM base\nENV X=1\nWORKDIR /app\nCOPY --from=a /o ./\n";
    assert_eq!(edited(twin, &twin.replace("X=1", "X=2"), &[]), "CCC");
}

#[test]
fn linked_copies_stay_whatever_is_below_them() {
    let files = &["f: 1", "g: 2"];
    let link = "FROM base\nRUN a\nCOPY --link f /f\nCOPY --link g /g\nRUN end\n";
    assert_eq!(edited(link, &link.replace("RUN a", "RUN b"), files), "RCCR");
    assert_eq!(edited(link, &link.replace("base", "other"), files), "RCCR");
    assert_eq!(edited(link, "FROM base\nRUN a\nCOPY --link g /g\nCOPY --link f /f\nRUN end\n", files), "CCCR");
    assert_eq!(edited("FROM scratch\nCOPY f /f\nCOPY g /g\n", "FROM scratch\nCOPY --link f /f\nCOPY --link g /g\n", files), "CR");
}

#[test]
fn a_record_holds_no_values() {
    let place = tempfile::tempdir().unwrap();
    let file = "FROM base\nARG NPM_TOKEN\nARG MODE=swift\nCOPY f /f\nRUN login --with $NPM_TOKEN hush2\n";
    lay_out(place.path(), file, &["f: inside"]);
    plan(place.path(), &["Dockerfile", "--record", "record.json", "--build-arg", "NPM_TOKEN=hush1"]);
    let record = fs::read_to_string(place.path().join("record.json")).unwrap();
    for value in ["hush1", "hush2", "swift", "inside"] {
        assert!(!record.contains(value), "{value}");
    }
    assert!(record.contains("NPM_TOKEN"));
    let refused = |text: &str| {
        fs::write(place.path().join("bad.json"), text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_stacklint"))
            .args(["plan", "Dockerfile", "--against", "bad.json"])
            .current_dir(place.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused("nonsense").contains("bad.json is no record of a plan"));
    assert!(refused(&record.replacen("\"version\":1", "\"version\":9", 1)).contains("another version"));
}

#[test]
fn causes_stand_where_the_change_was_made() {
    let before = "FROM base\nENV A=1\nARG V=1\nUSER u\nWORKDIR /w\nRUN a\nCOPY f /f\nRUN b\n";
    for (from, to, cause) in [
        ("A=1", "A=2", "2: variable A changed"),
        ("V=1", "V=2", "3: argument V changed"),
        ("USER u", "USER v", "4: the user changed"),
        ("WORKDIR /w", "WORKDIR /v", "5: the working folder changed"),
        ("RUN a", "RUN c", "6: the instruction changed"),
        ("/f", "/g", "7: the destination changed"),
        ("FROM base", "FROM other", "1: the base image is other now, and was base"),
        ("RUN a\n", "", "6: the steps above it were moved, added or taken away"),
        ("ENV A=1\n", "", "5: variable A is gone"),
    ] {
        let after = before.replacen(from, to, 1);
        let (letters, causes) = predicted((before, &["f: 1"], &[]), (&after, &["f: 1"], &[]));
        assert!(letters.contains('R'), "{from} {to}");
        assert_eq!(causes.first().map(String::as_str), Some(cause), "{from} {to}");
        assert!(causes.iter().all(|other| other == cause), "what is below has the same cause: {causes:?}");
    }
}

/// A repository whose commits have fixed authors and times.
struct Repository {
    dir: tempfile::TempDir,
}

impl Repository {
    fn new() -> Repository {
        let repository = Repository { dir: tempfile::tempdir().unwrap() };
        repository.git(&["init", "-q", "-b", "main"]);
        repository
    }

    fn git(&self, args: &[&str]) {
        let output = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"])
            .args(args)
            .current_dir(self.dir.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn write(&self, path: &str, text: &str) {
        let full = self.dir.path().join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, text).unwrap();
    }

    fn commit(&self, title: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", title]);
    }

    /// The letters of the steps, and the causes.
    fn since(&self, below: &str, name: &str) -> (String, Vec<String>) {
        let out = plan(&self.dir.path().join(below), &["Dockerfile", "--since", name, "--format=json"]);
        let out: Value = serde_json::from_str(&out).unwrap();
        let steps = out["steps"].as_array().unwrap();
        let letter = |step: &Value| step["cached"].as_bool().map_or('D', |cached| if cached { 'C' } else { 'R' });
        let causes = steps.iter().filter_map(|step| step["cause"]["message"].as_str()).map(str::to_owned).collect();
        (steps.iter().map(letter).collect(), causes)
    }
}

#[test]
fn a_commit_is_compared_without_a_checkout() {
    let repository = Repository::new();
    repository.write("app/Dockerfile", "FROM base\nCOPY src /src\nRUN make\nCOPY . /all\n");
    repository.write("app/src/a", "1");
    repository.write(".gitignore", "*.tmp\n");
    repository.write("app/.gitignore", "/out\n");
    repository.commit("first");
    repository.git(&["tag", "-a", "v1", "-m", "the first"]);
    repository.write("app/src/a", "2");
    repository.commit("second");
    assert_eq!(repository.since("app", "HEAD").0, "CCC");
    // What git ignores is no change, and neither are permissions that it does not keep.
    repository.write("app/src/b.tmp", "x");
    repository.write("app/out/c", "x");
    fs::set_permissions(repository.dir.path().join("app/src/a"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(repository.since("app", "HEAD").0, "CCC");
    let changed = ("RRR".to_owned(), vec!["src/a changed".to_owned(); 3]);
    for packed in [false, true] {
        if packed {
            repository.git(&["gc", "-q", "--aggressive", "--prune=now"]);
        }
        for name in ["HEAD~1", "HEAD^", "main~", "v1", "@~1"] {
            assert_eq!(repository.since("app", name), changed, "{name}, packed: {packed}");
        }
    }
    repository.write("app/new", "x");
    assert_eq!(repository.since("app", "main"), ("CCR".to_owned(), vec!["new is new".to_owned()]));
    let output = Command::new(env!("CARGO_BIN_EXE_stacklint"))
        .args(["plan", "Dockerfile", "--since", "v2"])
        .current_dir(repository.dir.path().join("app"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`v2` names no commit"));
}

#[test]
fn submodules_and_linked_working_trees_are_read_like_the_rest() {
    let library = Repository::new();
    library.write("lib.c", "1");
    library.commit("library");
    let repository = Repository::new();
    repository.write("Dockerfile", "FROM base\nCOPY . /all\n");
    repository.commit("first");
    let from = library.dir.path().to_str().unwrap();
    repository.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", from, "third/party"]);
    repository.commit("with a submodule");
    assert_eq!(repository.since(".", "HEAD").0, "C");
    repository.write("third/party/lib.c", "2");
    assert_eq!(repository.since(".", "HEAD"), ("R".to_owned(), vec!["third/party/lib.c changed".to_owned()]));
    repository.git(&["-C", "third/party", "checkout", "-q", "."]);
    assert_eq!(repository.since(".", "HEAD~1").0, "R");
    // What was never fetched is an empty folder on both sides.
    let clone = tempfile::tempdir().unwrap();
    let into = clone.path().join("c");
    repository.git(&["clone", "-q", ".", into.to_str().unwrap()]);
    let plain = plan(&into, &["Dockerfile", "--since", "HEAD", "--format=json"]);
    assert_eq!(serde_json::from_str::<Value>(&plain).unwrap()["steps"][0]["cached"], true);
    // A linked working tree has its own HEAD, and the repository's objects.
    repository.git(&["branch", "side", "HEAD~1"]);
    let linked = clone.path().join("w");
    repository.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "side"]);
    for (name, cached) in [("HEAD", true), ("side", true), ("main", false)] {
        let out = plan(&linked, &["Dockerfile", "--since", name, "--format=json"]);
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["steps"][0]["cached"], cached, "{name}");
    }
}

#[test]
fn what_of_a_repository_cannot_be_read_is_said() {
    let said = |dir: &Path, name: &str| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_stacklint")).args(["plan", "Dockerfile", "--since", name]).current_dir(dir).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let repository = Repository::new();
    repository.write("Dockerfile", "FROM base\nRUN a\n");
    assert!(said(repository.dir.path(), "HEAD").contains("it has no commit yet"));
    repository.commit("first");
    repository.git(&["commit", "-q", "--allow-empty", "-m", "second"]);
    let place = tempfile::tempdir().unwrap();
    let shallow = place.path().join("s");
    let from = format!("file://{}", repository.dir.path().display());
    repository.git(&["clone", "-q", "--depth=1", &from, shallow.to_str().unwrap()]);
    assert!(said(&shallow, "HEAD~1").contains("shallow clone"));
    let other = place.path().join("o");
    let made = Command::new("git").args(["init", "-q", "--object-format=sha256", other.to_str().unwrap()]).status().unwrap();
    if made.success() {
        fs::write(other.join("Dockerfile"), "FROM base\n").unwrap();
        assert!(said(&other, "HEAD").contains("SHA-256"));
    }
    fs::write(place.path().join("Dockerfile"), "FROM base\n").unwrap();
    assert!(said(place.path(), "HEAD").contains("lies in no git repository"));
}

#[test]
fn commits_are_counted_by_what_they_run_again() {
    let repository = Repository::new();
    let file = "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"python\", \"main.py\"]\n";
    repository.write("Dockerfile", file);
    repository.write("requirements.txt", "flask==3.0\n");
    repository.write("main.py", "0");
    repository.commit("begin");
    for n in 1..=4 {
        repository.write("main.py", &n.to_string());
        repository.commit(&format!("edit {n}"));
    }
    repository.write("requirements.txt", "flask==3.1\n");
    repository.commit("update");
    repository.write("main.py", "4 ");
    repository.commit("edit 5");
    let out: Value = serde_json::from_str(&plan(repository.dir.path(), &["Dockerfile", "--history", "50", "--format=json"])).unwrap();
    assert_eq!(out["commits"].as_array().unwrap().len(), 6, "the first commit builds everything, and counts for nothing");
    assert_eq!(out["commits"][0]["title"], "edit 5");
    let install = &out["steps"][0];
    assert_eq!((install["instruction"].as_str(), install["runs"].as_u64()), (Some("RUN pip install -r requirements.txt"), Some(6)));
    assert_eq!(install["causes"][0], serde_json::json!({"message": "main.py changed", "count": 5}));
    assert_eq!(install["runs_as_advised"], 1, "{out:#}");
    let text = plan(repository.dir.path(), &["Dockerfile", "--history", "3"]);
    assert!(text.starts_with("3 commits, 3 of which run something again\n"), "{text}");
    assert!(text.contains("    1  instead of 3: RUN pip install -r requirements.txt (Dockerfile)\n"), "{text}");
}

#[test]
fn people_read_what_runs_again_and_why() {
    let place = tempfile::tempdir().unwrap();
    let file = "FROM base AS a\nWORKDIR /app\nCOPY src ./src\nRUN make\nFROM base\nENV MODE=1\nRUN setup\nCOPY --from=a /app/out /out\n";
    let dir = place.path().join("p");
    lay_out(&dir, file, &["src/main.c: 1"]);
    plan(&dir, &["Dockerfile", "--record", "../record.json"]);
    lay_out(&dir, &file.replace("MODE=1", "MODE=2"), &["src/main.c: 2"]);
    let text = plan(&dir, &["Dockerfile", "--against", "../record.json"]);
    let rows: Vec<&str> = text.lines().skip(2).collect();
    assert_eq!(
        rows,
        [
            "  FROM base AS a",
            "  WORKDIR /app                              cached",
            "  COPY src ./src                            runs again   src/main.c changed",
            "  RUN make                                  runs again   because of line 3",
            "  FROM base",
            "  RUN setup                                 runs again",
            "      variable MODE changed (line 6)",
            "  COPY --from=a /app/out /out               runs again   because of line 6",
            "",
            "1 image · 4 of 5 steps run again",
        ],
        "{text}"
    );
    for format in ["dot", "mermaid"] {
        let drawn = plan(&dir, &["Dockerfile", "--against", "../record.json", "--format", format]);
        assert!(drawn.contains("#f9d6c8") && drawn.contains("#d9f2d9"), "{drawn}");
    }
}
