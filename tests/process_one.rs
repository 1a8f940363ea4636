//! Who is process 1: for every kind of start, what the rule says is what dash, bash and busybox do. A server of these starts prints
//! its number; where that is the number that the shell had, the shell has given way.

use std::path::Path;
use std::process::{Command, Stdio};

use stacklint::check;
use stacklint::diagnostic::Applicability;
use stacklint::fix;
use stacklint::rule::Block;

use crate::pages::{load, memory, select};

/// What comes before the server.
const BEFORE: [&str; 6] =
    ["", "set -e\n", "alembic upgrade head\n", "export FOO=1\ncd /tmp\n", "FOO=${FOO:-1}\n", "log() { echo \"$@\"; }\n"];

/// How the server is started; `S` stands for it.
const STARTS: [&str; 66] = [
    "S",
    "exec S",
    "S 2>&1",
    "exec S 2>&1",
    "S > /dev/stderr",
    "exec S < /dev/null",
    "FOO=1 S",
    "FOO=1 exec S",
    "env FOO=1 S",
    "exec env FOO=1 S",
    "command S",
    "nohup S",
    "exec nohup S",
    "nice -n 1 S",
    "exec nice -n 1 S",
    "time S",
    "! S",
    "S &\nwait",
    "S &\nwait $!",
    "S &\nwait\nexit 0",
    "exec S &\nwait",
    "celery -A app worker &\nS",
    "celery -A app worker &\nexec S",
    "S | cat",
    "exec S | cat",
    "echo x | exec S",
    "(S)",
    "(exec S)",
    "{ S; }",
    "{ exec S; }",
    "true && S",
    "true && exec S",
    "false || S",
    "S || exit 1",
    "S || echo failed",
    "exec S || exit 1",
    "S\nexit $?",
    "S; echo stopped",
    "if true; then S; fi",
    "if true; then exec S; fi",
    "if [ -z \"$HOME\" ]; then exit 1; fi\nexec S",
    "if true; then S; exit 0; fi",
    "case \"$HOME\" in /*) S ;; esac",
    "case \"$HOME\" in /*) exec S ;; *) exit 1 ;; esac",
    "until S; do sleep 1; done",
    "for i in 1; do exec S; done",
    "main() { exec S; }\nmain \"$@\"",
    "main() { S; }\nmain \"$@\"",
    "eval \"S\"",
    "eval \"exec S\"",
    "exec 2>&1\nexec S",
    "exec 2>/dev/null\nS",
    "set -- S\nexec \"$@\"",
    "RUN=\"S\"\nexec $RUN",
    "sh -c 'exec S'",
    "exec sh -c 'exec S'",
    "cd /; true && S",
    "true && cd /; S",
    "cd /; false || S",
    "cd /; { true; } && S",
    "cd /\ntrue && S",
    "cd /;\ntrue && S",
    "cd /; true &&\nS",
    "if true; then true; fi; true && S",
    "true & S",
    "S\nexec \"$@\"",
];

const SERVER: &str = "gunicorn app:app -b 0.0.0.0:8000";

struct Shell {
    image: &'static str,
    program: &'static [&'static str],
}

const SHELLS: [Shell; 3] = [
    Shell { image: "python:3.13-slim", program: &["dash"] },
    Shell { image: "fedora:42", program: &["bash"] },
    Shell { image: "alpine:3.22", program: &["busybox", "sh"] },
];

/// Whether the server takes the place of the shell; `None` where it is not started at all.
fn gives_way(shell: &Shell, args: &[&str], dir: &Path) -> Option<bool> {
    let path = format!("{}:{}", dir.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(shell.program[0]);
    command.args(&shell.program[1..]).args(args).env_clear().envs([("PATH", path.as_str()), ("HOME", "/root")]).current_dir(dir);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let own = child.id().to_string();
    child.wait_with_output().unwrap();
    let printed = std::fs::read_to_string(dir.join("number")).ok()?;
    std::fs::remove_file(dir.join("number")).unwrap();
    Some(printed.trim() == own)
}

/// The findings, and the script file as the fix leaves it.
fn judged(files: &[(&str, String)]) -> (bool, Option<String>) {
    let blocks = files.iter().map(|(path, text)| Block { language: String::new(), path: Some((*path).to_owned()), text: text.clone() });
    let files = memory(&blocks.collect::<Vec<_>>());
    let paths: Vec<String> = files.paths().map(str::to_owned).collect();
    let stack = load(&files, &paths);
    let found = check::run(&stack, &select(&["pid1-does-not-exec"])).diagnostics;
    let fixed = fix::apply(&stack.sources, &found, Applicability::Unsafe);
    let script = fixed.texts.into_iter().find(|(file, _)| stack.sources.path(*file) == "start.sh").map(|(_, text)| text);
    (!found.is_empty(), script)
}

#[test]
fn the_rule_says_what_shells_do() {
    let dir = tempfile::tempdir().unwrap();
    let stub = |name: &str, text: &str| crate::programs::write(&dir.path().join(name), text);
    stub("gunicorn", &format!("#!/bin/sh\necho $$ > {}/number\n", dir.path().display()));
    stub("celery", "#!/bin/sh\nsleep 0.3\n");
    stub("alembic", "#!/bin/sh\n");
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for shell in
        SHELLS.iter().filter(|s| Command::new(s.program[0]).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok())
    {
        for (n, start) in STARTS.iter().enumerate() {
            let start = start.replace('S', SERVER);
            let script = format!("{}{start}", BEFORE[n % BEFORE.len()]);
            let words = serde_json::to_string(&["sh", "-c", script.as_str()]).unwrap();
            let file = format!("#!/bin/sh\n{script}\n");
            let on = |rest: String| ("Dockerfile", format!("FROM {}\n{rest}\n", shell.image));
            let mut forms = vec![
                (vec!["-c", &script], vec![on(format!("CMD {words}"))]),
                (vec!["start.sh"], vec![on("COPY --chmod=755 start.sh /\nCMD [\"/start.sh\"]".to_owned()), ("start.sh +x", file.clone())]),
            ];
            if !script.contains('\n') {
                forms.push((vec!["-c", &script], vec![on(format!("CMD {script}"))]));
            }
            std::fs::write(dir.path().join("start.sh"), &file).unwrap();
            for (args, files) in forms {
                let Some(truth) = gives_way(shell, &args, dir.path()) else { continue };
                seen += 1;
                let (found, fixed) = judged(&files);
                if found == truth {
                    let does = if truth { "gives way" } else { "stays" };
                    wrong.push(format!("{} {args:?} {script:?}: the shell {does}", shell.program[0]));
                }
                if let Some(text) = fixed {
                    std::fs::write(dir.path().join("start.sh"), &text).unwrap();
                    if gives_way(shell, &["start.sh"], dir.path()) != Some(true) {
                        wrong.push(format!("{} {text:?}: the fix does not help", shell.program[0]));
                    }
                    std::fs::write(dir.path().join("start.sh"), &file).unwrap();
                }
            }
        }
    }
    assert!(seen == 0 || seen > 250, "only {seen} starts ran");
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
}
