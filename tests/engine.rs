//! Plans run on a real engine. Without one these tests say so and pass, unless STACKLINT_TEST_ENGINE is `require`.

mod buildkit;
mod daemon;
mod docker;
mod faults;
mod hosts;
mod podman;
mod predicted;
mod registry;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use docker::{Ran, engine, image, in_image, stacklint};
use serde_json::Value;

const EXECUTE: [&str; 4] = ["plan", "--execute", "--allow-findings", "--progress=json"];

/// Both builders of the engine: what a user sees of them is the same.
const BUILDERS: [&str; 2] = ["--builder=buildkit", "--builder=classic"];

pub(crate) fn execute(dir: &Path, args: &[&str]) -> Ran {
    stacklint(dir, &[&EXECUTE[..], args].concat())
}

pub(crate) fn of<'a>(events: &'a [Value], build: &str, event: &str) -> Vec<&'a Value> {
    events.iter().filter(|e| e["build"] == build && e["event"] == event).collect()
}

fn time(event: &Value) -> f64 {
    event["time"].as_f64().unwrap()
}

/// When an instruction was executed in a build: from its beginning to its end.
fn span(events: &[Value], build: &str, instruction: &str) -> (f64, f64) {
    let mine: Vec<&Value> = events.iter().filter(|e| e["build"] == build).collect();
    let begun = mine.iter().find(|e| e["instruction"].as_str().is_some_and(|i| i.contains(instruction))).unwrap();
    let end = mine.iter().find(|e| e["event"] == "done" && e["step"] == begun["step"]).unwrap();
    (time(begun), time(end))
}

#[test]
fn a_shop_is_built_from_its_compose_files() {
    let Some(docker) = engine() else { return };
    let dir = docker.fixture("shop");
    let ran = execute(&dir, &["-f", "docker-compose.prod.yml"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let backend = image("stacklint-test-shop-backend").unwrap();
    assert_eq!(image("stacklint-test-shop-worker").unwrap(), backend, "one image has the names of both services");
    assert!(image("stacklint-test-shop-storefront").is_some());
    let installs = ran.events().iter().filter(|e| e["instruction"].as_str().is_some_and(|i| i.contains("pip3 install -r"))).count();
    assert_eq!(installs, 1, "the build that two services share runs once");
    assert_eq!(
        in_image("stacklint-test-shop-backend", "cat /usr/src/app/entrypoint.sh | head -1; ls /usr/src/app/requirements.txt"),
        "#!/bin/sh\n/usr/src/app/requirements.txt"
    );

    let again = execute(&dir, &["-f", "docker-compose.prod.yml"]);
    assert_eq!(image("stacklint-test-shop-backend").unwrap(), backend);
    let built: Vec<(i64, i64)> = again
        .events()
        .iter()
        .filter(|e| e["event"] == "built")
        .map(|e| (e["steps"].as_i64().unwrap(), e["cached"].as_i64().unwrap()))
        .collect();
    assert_eq!(built.len(), 2);
    assert!(built.iter().all(|(steps, cached)| steps == cached && *steps > 5), "{built:?}");

    let demo = execute(&dir, &["-f", "docker-compose.demo.yml", "backend"]);
    assert_eq!(demo.status, Some(0), "{demo:?}");
    assert!(demo.events().iter().any(|e| e["text"].as_str().is_some_and(|t| t.contains("stand-in apt-get install -y postgresql-client"))));
    assert!(!demo.events().iter().any(|e| e["build"].as_str().is_some_and(|b| b.contains("storefront"))), "only what was asked for");
}

#[test]
fn a_quiz_with_dockerfiles_beside_its_context_is_built() {
    let Some(docker) = engine() else { return };
    let dir = docker.fixture("quiz");
    let ran = execute(&dir, &["--builder=classic"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(in_image("stacklint-test-quiz-db", "ls /docker-entrypoint-initdb.d"), "quiz-2016-04.sql");
    let lines: Vec<i64> = of(&ran.events(), "stacklint-test-quiz-api", "step").iter().map(|e| e["line"].as_i64().unwrap()).collect();
    assert_eq!(lines, [1, 4, 5, 10, 11, 12, 13, 15], "steps are told by the lines of the Dockerfile");
    let ran = execute(&dir, &["--no-cache", "--builder=buildkit"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let events = ran.events();
    let steps = of(&events, "stacklint-test-quiz-api", "step").into_iter().filter(|e| e["instruction"].is_string());
    let lines: BTreeSet<i64> = steps.map(|e| e["line"].as_i64().unwrap()).collect();
    assert_eq!(lines, BTreeSet::from([1, 4, 5, 10, 11, 12, 13]), "what BuildKit executes, by the lines of the Dockerfile");
}

#[test]
fn shared_stages_run_once_and_independent_images_at_the_same_time() {
    let Some(docker) = engine() else { return };
    let dir = docker.fixture("lanes");
    for builder in BUILDERS {
        let ran = execute(&dir, &["--no-cache", builder]);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        let events = ran.events();
        let shared = events.iter().filter(|e| e["instruction"].as_str().is_some_and(|i| i.contains("random/uuid"))).count();
        assert_eq!(shared, 1, "the shared stage is executed once for three images");
        let files: Vec<String> =
            ["first", "second", "third"].map(|name| in_image(&format!("stacklint-lanes/{name}"), "cat /shared")).to_vec();
        assert!(files[0].len() > 30 && files.iter().all(|f| *f == files[0]), "all have the same result: {files:?}");

        let spans = ["first", "second", "third"].map(|name| span(&events, &format!("stacklint-lanes/{name}"), "sleep 2"));
        let last_start = spans.iter().map(|s| s.0).fold(0.0, f64::max);
        let first_end = spans.iter().map(|s| s.1).fold(f64::MAX, f64::min);
        assert!(last_start < first_end, "all three sleep at the same time: {spans:?}");

        let report = of(&events, "stacklint-lanes/report", "started");
        let first = of(&events, "stacklint-lanes/first", "built");
        assert!(time(report[0]) >= time(first[0]), "what is FROM an image of the project waits for it");
        assert_eq!(in_image("stacklint-lanes/report", "cat /lane"), "first");
    }
}

#[test]
fn parallel_1_is_one_after_the_other() {
    let Some(docker) = engine() else { return };
    let dir = docker.fixture("lanes");
    let ran = execute(&dir, &["--parallel=1", "first", "second"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let mut running = 0;
    for event in ran.events() {
        match event["event"].as_str().unwrap() {
            "started" => running += 1,
            "built" => running -= 1,
            _ => {}
        }
        assert!(running <= 1, "{event}");
    }
    assert!(image("stacklint-lanes/third").is_none());
}

#[test]
fn a_failing_run_gives_its_line_and_stops_the_rest() {
    let Some(docker) = engine() else { return };
    let dir = docker.fixture("broken-run");
    for builder in BUILDERS {
        let ran = execute(&dir, &[builder, "--build-arg", "VERSION=4.2"]);
        assert_eq!(ran.status, Some(1), "{ran:?}");
        for wanted in [
            "stacklint-broken/fails fails at fails/Dockerfile:4: the command fails with exit code 7",
            " >   4 │ RUN sleep 1 && \\",
            " >   6 │     exit 7",
            "checking version 4.2",
            "cancelled: stacklint-broken/works",
            "skipped: stacklint-broken/needs (needs stacklint-broken/fails)",
        ] {
            assert!(ran.err.contains(wanted), "{wanted:?} is missing in\n{}", ran.err);
        }
        assert!(image("stacklint-broken/works").is_none());
        let failed = ran.events().into_iter().find(|e| e["event"] == "failed").unwrap();
        assert_eq!((failed["line"].as_i64(), failed["exit_code"].as_i64()), (Some(4), Some(7)));
    }

    let ran = execute(&dir, &["--keep-going"]);
    assert_eq!(ran.status, Some(1));
    assert!(image("stacklint-broken/works").is_some(), "what does not depend on the failure is built: {}", ran.err);
    assert!(image("stacklint-broken/needs").is_none());
}

#[test]
fn the_context_is_what_the_ignore_file_leaves() {
    let Some(docker) = engine() else { return };
    let dir = docker.dir.path().join("stacklint-test-context");
    fs::create_dir_all(dir.join("app/logs")).unwrap();
    fs::create_dir_all(dir.join("deploy")).unwrap();
    for (path, text) in [
        ("app/run.sh", "#!/bin/sh\n"),
        ("app/a.log", "x"),
        ("app/logs/b", "x"),
        ("app/keep.log", "x"),
        (".dockerignore", "**/*.log\n!**/keep.log\napp/logs\ndeploy\nDockerfile\n"),
    ] {
        fs::write(dir.join(path), text).unwrap();
    }
    fs::set_permissions(dir.join("app/run.sh"), std::os::unix::fs::PermissionsExt::from_mode(0o750)).unwrap();
    std::os::unix::fs::symlink("run.sh", dir.join("app/link")).unwrap();
    let dockerfile = "FROM python:3.12-slim\nCOPY . /c/\nRUN cd /c && find . | sort > /list && stat -c '%a %u' app/run.sh >> /list && readlink app/link >> /list\n";
    fs::write(dir.join("deploy/Dockerfile"), dockerfile).unwrap();
    fs::write(dir.join("Dockerfile"), dockerfile).unwrap();
    let inline = dockerfile.lines().map(|line| format!("        {line}\n")).collect::<String>();
    let compose = format!(
        "services:\n  beside:\n    build: {{context: ., dockerfile: deploy/Dockerfile}}\n  ignored:\n    build: .\n  inline:\n    build:\n      context: .\n      dockerfile_inline: |\n{inline}"
    );
    fs::write(dir.join("compose.yml"), compose).unwrap();
    let sent = ".\n./.dockerignore\n./app\n./app/keep.log\n./app/link\n./app/run.sh\n./compose.yml\n750 0\nrun.sh";
    for builder in BUILDERS {
        let ran = execute(&dir, &[builder]);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        for service in ["beside", "ignored", "inline"] {
            assert_eq!(in_image(&format!("stacklint-test-context-{service}"), "cat /list"), sent, "{builder} {service}");
        }
    }
}

#[test]
fn the_values_of_secrets_are_not_shown() {
    let Some(docker) = engine() else { return };
    let dir = docker.dir.path().join("stacklint-test-secret");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("Dockerfile"), "FROM python:3.12-slim\nARG API_TOKEN\nRUN echo got $API_TOKEN && false\n").unwrap();
    for (style, builder) in ["plain", "json"].into_iter().flat_map(|style| BUILDERS.map(|builder| (style, builder))) {
        let args =
            ["plan", "Dockerfile", "--execute", "--allow-findings", builder, "--build-arg", "API_TOKEN=s3cr3t-value", "--progress", style];
        let ran = stacklint(&dir, &args);
        assert_eq!(ran.status, Some(1));
        assert!(ran.err.contains("got ***"), "{}", ran.err);
        assert!(!ran.err.contains("s3cr3t") && !ran.out.contains("s3cr3t"), "{ran:?}");
    }
}

#[test]
fn control_c_stops_the_builds() {
    let Some(docker) = engine() else { return };
    let dir = docker.dir.path().join("stacklint-test-stop");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("Dockerfile"), "FROM python:3.12-slim\nRUN echo begun && sleep 47\n").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_stacklint"))
        .args(["plan", "Dockerfile", "--execute", "--allow-findings", "--progress=plain"])
        .current_dir(&dir)
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    assert!(lines.any(|line| line.is_ok_and(|line| line.starts_with('#') && line.ends_with(" begun"))), "the step runs");
    let stopped = Instant::now();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(stopped.elapsed() < Duration::from_secs(10));
    assert!(rest.iter().any(|line| line.contains("cancelled: Dockerfile")), "{rest:?}");
    let sleeps = || Command::new("pgrep").args(["-f", "sleep 47"]).output().is_ok_and(|o| !o.stdout.is_empty());
    while sleeps() && stopped.elapsed() < Duration::from_secs(15) {
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(!sleeps(), "the engine has ended the step");
}

#[test]
fn the_second_control_c_leaves_at_once() {
    let Some(docker) = engine() else { return };
    let dir = docker.dir.path().join("stacklint-test-leave");
    fs::create_dir_all(dir.join("b")).unwrap();
    fs::write(dir.join("Dockerfile"), "FROM python:3.12-slim\nRUN true\n").unwrap();
    fs::write(dir.join("b/Dockerfile"), "FROM stacklint-test/leave\nRUN echo begun && sleep 46\n").unwrap();
    fs::write(dir.join("compose.yml"), "services:\n  a: {image: stacklint-test/leave, build: .}\n  b: {build: b}\n").unwrap();
    // Nobody takes what is printed at the end.
    let (reader, writer) = std::io::pipe().unwrap();
    let mut full = writer.try_clone().unwrap();
    std::thread::spawn(move || std::io::Write::write_all(&mut full, &vec![0; 16 << 20]));
    let mut child = Command::new(env!("CARGO_BIN_EXE_stacklint"))
        .args(["plan", "--execute", "--allow-findings", "--progress=plain"])
        .current_dir(&dir)
        .stderr(Stdio::piped())
        .stdout(writer)
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    assert!(lines.any(|line| line.is_ok_and(|line| line.starts_with('#') && line.ends_with(" begun"))), "the step runs");
    let rest = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<String>>());
    let interrupt = || assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    interrupt();
    std::thread::sleep(Duration::from_secs(2));
    let stopped = Instant::now();
    interrupt();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(stopped.elapsed() < Duration::from_secs(2), "{:?}", stopped.elapsed());
    let rest = rest.join().unwrap();
    assert!(rest.last().is_some_and(|line| line.starts_with("left at once")), "{rest:?}");
    drop(reader);
}

#[test]
fn control_c_ends_the_wait_for_an_engine_that_does_not_answer() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("Dockerfile"), "FROM python:3.12-slim\nRUN true\n").unwrap();
    let socket = dir.path().join("docker.sock");
    let silent = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_stacklint"))
        .args(["plan", "Dockerfile", "--execute", "--allow-findings", "--progress=plain"])
        .current_dir(dir.path())
        .env("DOCKER_HOST", format!("unix://{}", socket.display()))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let waiting = silent.accept().unwrap();
    let stopped = Instant::now();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(stopped.elapsed() < Duration::from_secs(5), "{:?}", stopped.elapsed());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cancelled: Dockerfile"), "{said}");
    drop(waiting);
}

#[test]
fn a_large_context_is_streamed() {
    let Some(docker) = engine() else { return };
    let dir = docker.dir.path().join("stacklint-test-large");
    fs::create_dir_all(dir.join("d")).unwrap();
    fs::write(dir.join("d/zeroes"), vec![0; 40 << 20]).unwrap();
    fs::write(dir.join("Dockerfile"), "FROM python:3.12-slim\nCOPY d /d\nRUN stat -c %s /d/zeroes > /size\n").unwrap();
    for (builder, again) in [("--builder=classic", true), ("--builder=buildkit", false)] {
        let built = |ran: &Ran| ran.events().iter().find(|e| e["event"] == "built").and_then(|e| e["sent_bytes"].as_u64());
        let ran = execute(&dir, &["Dockerfile", builder, "--tag", "stacklint-test/large"]);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        assert_eq!(in_image("stacklint-test/large", "cat /size"), (40 << 20).to_string());
        assert!(built(&ran).unwrap() >= 40 << 20);
        let ran = execute(&dir, &["Dockerfile", builder, "--tag", "stacklint-test/large"]);
        assert_eq!(built(&ran).unwrap() >= 40 << 20, again, "BuildKit is not sent again what it has");
    }
}

#[test]
fn a_stack_with_errors_does_not_run_unless_it_is_allowed_to() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stacks/quiz");
    let ran = stacklint(&dir, &["plan", "--execute", "--dry-run"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.err.contains("api/serve.py:5:14: error loopback-bind-unreachable: "), "{}", ran.err);
    assert!(ran.err.contains("nothing was run") && ran.err.contains("--allow-findings") && ran.out.is_empty(), "{ran:?}");
    let ran = stacklint(&dir, &["plan", "--execute", "--dry-run", "--allow-findings"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.out.contains("1. quiz-api: deploy/api.docker in ., 6 steps, as quiz-api\n"), "{}", ran.out);
}

#[test]
fn what_only_buildkit_builds_is_refused_before_anything_runs() {
    let dir = tempfile::tempdir().unwrap();
    for (text, line) in [
        ("FROM a\nRUN --mount=type=cache,target=/c true\n", "Dockerfile:2: this instruction uses `--mount`"),
        ("FROM a\nRUN <<E\ntrue\nE\n", "Dockerfile:2: this instruction uses a heredoc"),
        ("FROM a AS b\nFROM a\nCOPY --link --from=b /x /y\n", "Dockerfile:3: this instruction uses `--link`"),
    ] {
        fs::write(dir.path().join("Dockerfile"), text).unwrap();
        let ran = execute(dir.path(), &["Dockerfile", "--builder=classic"]);
        assert_eq!(ran.status, Some(2), "{ran:?}");
        assert!(ran.err.contains(line), "{}", ran.err);
    }
}

/// What the stacks that the project was started for are run with, and images that come of it.
const SEEDS: [(&str, &[&str], &[&str]); 6] = [
    ("examist", &[], &["stacklint-seed-examist-server", "stacklint-seed-examist-client", "stacklint-seed-examist-db"]),
    (
        "ecoseller",
        &[],
        &["stacklint-seed-ecoseller-backend", "stacklint-seed-ecoseller-rq-worker", "stacklint-seed-ecoseller-frontend_dashboard"],
    ),
    ("ecoseller", &["-f", "docker-compose.demo.yml"], &["stacklint-seed-ecoseller-backend"]),
    ("ecoseller", &["-f", "docker-compose.prod.yml"], &["stacklint-seed-ecoseller-backend"]),
    ("project-allocation", &[], &["master-image"]),
    ("imw", &["Dockerfile", "--tag", "stacklint-seed-imw:1"], &["stacklint-seed-imw:1"]),
];

/// The stacks that the project was started for, where they are at hand.
#[test]
fn the_first_users_stacks_are_built_as_they_are() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seeds/stacks");
    if !seeds.is_dir() {
        eprintln!("skipped: the stacks are not at hand");
        return;
    }
    let Some(docker) = engine() else { return };
    for (stack, args, images) in SEEDS {
        let dir = docker.dir.path().join(format!("stacklint-seed-{stack}"));
        if !dir.exists() {
            docker.stack(&seeds.join(stack), &format!("stacklint-seed-{stack}"));
        }
        let ran = execute(&dir, args);
        assert_eq!(ran.status, Some(0), "{stack} {args:?}: {}\n{}", ran.out, ran.err);
        for name in images {
            assert!(image(name).is_some(), "{stack} {args:?}: {name}\n{}", ran.out);
        }
    }
}
