//! What only BuildKit does: secrets, cache mounts, the ssh agent, one execution of equal steps, results elsewhere.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;

use super::docker::{Docker, engine, image, in_image, run, stacklint};
use super::{execute, of};

const BASE: &str = "FROM python:3.12-slim\n";

fn project(docker: &Docker, name: &str, files: &[(&str, &str)]) -> std::path::PathBuf {
    let dir = docker.dir.path().join(name);
    for (path, text) in files {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

#[test]
fn secrets_reach_the_step_that_asks_and_nothing_else() {
    let Some(docker) = engine() else { return };
    let dockerfile = format!(
        "{BASE}RUN --mount=type=secret,id=file --mount=type=secret,id=variable,target=/v sha256sum /run/secrets/file /v > /sums; cat /run/secrets/file /v\nCOPY Dockerfile /\n"
    );
    let compose = "services:\n  app:\n    image: stacklint-test/secret\n    build:\n      context: .\n      secrets: [{source: pass, target: file}, variable]\nsecrets:\n  pass: {file: ./pass.txt}\n  variable: {environment: STACKLINT_TEST_SECRET}\n";
    let files =
        [("Dockerfile", dockerfile.as_str()), ("compose.yml", compose), ("pass.txt", "open sesame\n"), (".dockerignore", "pass.txt\n")];
    let dir = project(&docker, "stacklint-test-secrets", &files);
    let ran = {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stacklint"));
        command.args(["plan", "--execute", "--allow-findings", "--progress=plain"]).current_dir(&dir);
        super::docker::Ran::new(&command.env("STACKLINT_TEST_SECRET", "swordfish-4711").output().unwrap())
    };
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let sums = in_image("stacklint-test/secret", "cut -c 1-8 /sums | tr '\\n' ' '");
    assert_eq!(sums, "7bb8fff5 cfb564c0", "the values of file and variable");
    for value in ["open sesame", "swordfish-4711"] {
        assert!(!ran.err.contains(value) && !ran.out.contains(value), "{}", ran.err);
        assert!(!run(&["history", "--no-trunc", "stacklint-test/secret"]).contains(value));
        assert!(!run(&["inspect", "stacklint-test/secret"]).contains(value));
    }
    let saved = Command::new("docker").args(["save", "stacklint-test/secret"]).output().unwrap().stdout;
    let holds = |text: &[u8]| saved.windows(text.len()).any(|window| window == text);
    assert!(holds(b"sha256sum /run/secrets/file"), "layers are not compressed here");
    assert!(!holds(b"open sesame") && !holds(b"swordfish-4711"), "no layer has a value");

    fs::remove_file(dir.join("pass.txt")).unwrap();
    let ran = execute(&dir, &[]);
    assert_eq!((ran.status, ran.events().len()), (Some(2), 0), "{ran:?}");
    assert!(ran.err.contains("the secret `file` of `app` is read from pass.txt: there is no such file"), "{}", ran.err);
}

#[test]
fn a_secret_that_nobody_gives_is_told_at_its_step() {
    let Some(docker) = engine() else { return };
    let text = format!("{BASE}RUN --mount=type=secret,id=token,required=true cat /run/secrets/token\n");
    let dir = project(&docker, "stacklint-test-missing", &[("Dockerfile", &text)]);
    let ran = execute(&dir, &["Dockerfile"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    for wanted in
        ["Dockerfile:2: the step asks for the secret `token`, which this build does not have", "help: list it under `build: secrets:`"]
    {
        assert!(ran.err.contains(wanted), "{}", ran.err);
    }
}

/// Executions are counted in a cache mount, which all builds of the engine share.
#[test]
fn equal_steps_of_parallel_builds_are_executed_once() {
    let Some(docker) = engine() else { return };
    let id = format!("stacklint-{}", std::process::id());
    let count = format!("--mount=type=cache,id={id},target=/count");
    let dockerfile = |n: usize| {
        format!(
            "{BASE}COPY same /same\nRUN {count} echo x >> /count/runs && sleep 1\nRUN {count} echo {n} > /own && cp /count/runs /runs\n"
        )
    };
    let names: Vec<String> = (0..6).map(|n| format!("app{n}")).collect();
    let compose: String = names.iter().map(|name| format!("  {name}:\n    image: stacklint-test/{name}\n    build: {name}\n")).collect();
    let dir = project(&docker, "stacklint-test-once", &[("compose.yml", &format!("services:\n{compose}"))]);
    for (n, name) in names.iter().enumerate() {
        project(&docker, "stacklint-test-once", &[(&format!("{name}/Dockerfile"), &dockerfile(n)), (&format!("{name}/same"), "same")]);
    }
    let ran = execute(&dir, &[]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    for (n, name) in names.iter().enumerate() {
        assert_eq!(
            in_image(&format!("stacklint-test/{name}"), "cat /own /runs | tr '\\n' ' '"),
            format!("{n} x"),
            "six builds, one execution"
        );
    }
}

#[test]
fn what_compose_says_of_a_build_reaches_the_builder() {
    let Some(docker) = engine() else { return };
    let dockerfile = String::from(
        "ARG WHO\nFROM python:3.12-slim AS first\nARG WHO\nRUN echo $WHO > /who && grep -E 'far|gate' /etc/hosts | sort > /hosts\nFROM scratch AS unwanted\nCOPY nothing /\nFROM python:3.12-slim AS other\nRUN cat /proc/sys/kernel/random/uuid > /id\n",
    );
    let compose = "services:\n  app:\n    image: stacklint-test/settings\n    build:\n      context: .\n      target: other\n      labels: {a.b: c d}\n      tags: [stacklint-test/settings:more]\n      no_cache_filter: [other]\n  first:\n    image: stacklint-test/first\n    build:\n      context: .\n      target: first\n      args: {WHO: me}\n      extra_hosts: ['far:192.0.2.7', 'gate:host-gateway']\n      network: none\n";
    let dir = project(&docker, "stacklint-test-settings", &[("Dockerfile", &dockerfile), ("compose.yml", compose)]);
    let ran = execute(&dir, &[]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(run(&["inspect", "-f", "{{index .Config.Labels \"a.b\"}}", "stacklint-test/settings"]), "c d");
    assert_eq!(image("stacklint-test/settings"), image("stacklint-test/settings:more"));
    let seen = in_image("stacklint-test/first", "cat /who /hosts | tr '\\n\\t' '  '");
    assert!(seen.starts_with("me ") && seen.contains("192.0.2.7 far") && seen.contains(" gate"), "arguments and hosts: {seen}");
    let ran = execute(&dir, &["first", "--target=0"]);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("`first` asks for stage `0` by its number, and BuildKit knows stages by name only"), "{}", ran.err);
    let before = image("stacklint-test/settings");
    let ran = execute(&dir, &["app"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_ne!(before, image("stacklint-test/settings"), "no_cache_filter executes the stage again");
}

#[test]
fn a_result_goes_where_output_says() {
    let Some(docker) = engine() else { return };
    let text = format!("{BASE}RUN echo made > /made\nFROM scratch\nCOPY --from=0 /made /sub/made\n");
    let dir = project(&docker, "stacklint-test-output", &[("Dockerfile", &text)]);
    let ran = execute(&dir, &["Dockerfile", "--output=type=local,dest=out"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(fs::read_to_string(dir.join("out/sub/made")).unwrap(), "made\n");
    let ran = execute(&dir, &["Dockerfile", "--output=type=tar,dest=out.tar"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let listed = Command::new("tar").args(["-tf", "out.tar"]).current_dir(&dir).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains("sub/made"));
    let ran = execute(&dir, &["Dockerfile", "--output=type=tar,dest=no/where.tar"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.err.contains("cannot write no/where.tar: "), "{}", ran.err);
}

#[test]
fn output_takes_a_service_that_is_made_from_another() {
    let Some(docker) = engine() else { return };
    let compose = "services:\n  base: {image: stacklint-test/output-base, build: base}\n  web: {build: web}\n  api: {build: web}\n";
    let web = "FROM stacklint-test/output-base AS dev\nRUN cat /made > /seen\nFROM dev\nRUN false\n";
    let base = format!("{BASE}RUN echo made > /made\n");
    let files = [("compose.yml", compose), ("base/Dockerfile", &base), ("web/Dockerfile", web)];
    let dir = project(&docker, "stacklint-test-output-of", &files);
    let ran = execute(&dir, &["--output=out"]);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("--output takes one image, and this would build base, web; name one service"), "{}", ran.err);
    // What is said of one image is not said of those that it is made from.
    let ran = execute(&dir, &[".", "web", "--output=out", "--target=dev", "--tag=stacklint-test/output-web"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(fs::read_to_string(dir.join("out/seen")).unwrap(), "made\n");
    assert_eq!((image("stacklint-test/output-base").is_some(), image("stacklint-test/output-web")), (true, None));
    let ran = execute(&dir, &[".", "web", "--target=dev", "--tag=stacklint-test/output-web"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(in_image("stacklint-test/output-web", "cat /seen"), "made");
    assert_eq!(in_image("stacklint-test/output-base", "ls /seen || true"), "");
}

#[test]
fn an_image_for_several_platforms_is_written_where_there_is_a_place() {
    let Some(docker) = engine() else { return };
    let compose = "services:\n  app:\n    build: {context: ., platforms: [linux/amd64, linux/arm64]}\n";
    let dir =
        project(&docker, "stacklint-test-platforms", &[("compose.yml", compose), ("Dockerfile", "FROM scratch\nCOPY compose.yml /\n")]);
    let ran = execute(&dir, &[]);
    if ran.status != Some(0) {
        assert_eq!((ran.status, ran.events().len()), (Some(2), 0), "before anything runs: {ran:?}");
        let wanted = "compose.yml:2: `app` is built for linux/amd64 and linux/arm64: this engine keeps images of one platform";
        assert!(ran.err.contains(wanted), "{}", ran.err);
    }
    let ran = execute(&dir, &["--output=type=docker,dest=one.tar"]);
    assert!(ran.status == Some(2) && ran.err.contains("a file of type=docker holds one; write type=oci"), "{ran:?}");
    let ran = execute(&dir, &["--output=out"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(["linux_amd64", "linux_arm64"].iter().all(|platform| dir.join("out").join(platform).join("compose.yml").exists()));
}

#[test]
fn a_program_of_another_processor_is_told_as_such() {
    let Some(docker) = engine() else { return };
    let dir = project(&docker, "stacklint-test-foreign", &[("Dockerfile", &format!("{BASE}COPY sh /bin/other\nRUN [\"/bin/other\"]\n"))]);
    fs::write(dir.join("sh"), foreign_program()).unwrap();
    fs::set_permissions(dir.join("sh"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let ran = execute(&dir, &["Dockerfile", "--builder=buildkit"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.err.contains("fails at Dockerfile:3: ") && ran.err.contains("built for another kind of processor"), "{}", ran.err);
}

/// The head of a program for a processor that nobody has.
fn foreign_program() -> Vec<u8> {
    let mut elf = vec![0; 256];
    elf[..20].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0xf0, 0x0f]);
    elf
}

#[test]
fn a_frontend_that_cannot_be_fetched_is_told_at_its_line() {
    let Some(docker) = engine() else { return };
    let text = format!("# escape=\\\n# syntax=127.0.0.1:1/stacklint/none\n{BASE}");
    let dir = project(&docker, "stacklint-test-frontend", &[("Dockerfile", &text)]);
    let ran = execute(&dir, &["Dockerfile", "--builder=buildkit"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.err.contains("fails at Dockerfile:2: the registry cannot be reached: "), "{}", ran.err);
}

/// Asks the agent for its keys: of all that every Debian has, only Perl can open a socket of Unix.
const ASK: &str = r#"my $path = $ENV{SSH_AUTH_SOCK}; socket(S, 1, 1, 0); connect(S, pack("Sa108", 1, $path)) or die "$path: $!"; syswrite(S, "\0\0\0\1\13"); sysread(S, $answer, 9); open(OUT, ">", "/answer"); print OUT unpack("H*", $answer);"#;

#[test]
fn the_ssh_agent_is_lent_to_the_step_that_asks() {
    let Some(docker) = engine() else { return };
    let text = format!("{BASE}COPY perl /\nCOPY ask.pl /\nRUN --mount=type=ssh /usr/bin/perl /ask.pl\n");
    let compose = "services:\n  app:\n    image: stacklint-test/ssh\n    build: {context: ., ssh: [default]}\n";
    let dir = project(&docker, "stacklint-test-ssh", &[("Dockerfile", &text), ("compose.yml", compose), ("ask.pl", ASK)]);
    let copied = "for f in /usr/bin/perl $(ldd /usr/bin/perl | grep -o '/[^ ]*'); do mkdir -p perl$(dirname $f) && cp -L $f perl$f; done";
    assert!(Command::new("sh").args(["-c", copied]).current_dir(&dir).status().unwrap().success());
    let socket = dir.join("agent.sock");
    let agent = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || agent.incoming().flatten().for_each(|stream| drop(std::thread::spawn(move || answer(stream)))));
    let with = |socket: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stacklint"));
        command.args(["plan", "--execute", "--allow-findings", "--progress=plain"]).current_dir(&dir).env("SSH_AUTH_SOCK", socket);
        super::docker::Ran::new(&command.output().unwrap())
    };
    let ran = with(&socket);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(in_image("stacklint-test/ssh", "cat /answer"), "000000050c00000000");
    let ran = with(&dir.join("gone.sock"));
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("the ssh agent `default` of `app`: SSH_AUTH_SOCK is not there"), "{}", ran.err);
}

/// An agent without keys: to every question it answers that it has none.
fn answer(mut stream: UnixStream) {
    let mut question = [0; 5];
    while stream.read_exact(&mut question).is_ok() {
        if stream.write_all(&[0, 0, 0, 5, 12, 0, 0, 0, 0]).is_err() {
            return;
        }
    }
}

/// Engines before 23 read no newer syntax; what they would misread is refused before anything runs.
#[test]
fn syntax_that_is_newer_than_the_engine_is_refused_at_its_line() {
    let Some(docker) = engine() else { return };
    let text = format!("{BASE}RUN <<E\ntrue\nE\nCOPY --link Dockerfile /\n");
    let compose = "services:\n  app:\n    build:\n      context: .\n      additional_contexts: {more: ./more}\n";
    let dir = project(&docker, "stacklint-test-newer", &[("Dockerfile", &text), ("compose.yml", compose), ("more/x", "")]);
    let version = run(&["version", "--format", "{{.Server.Version}}"]);
    let ran = execute(&dir, &[]);
    if version.split('.').next().and_then(|major| major.parse().ok()).is_some_and(|major: u32| major >= 23) {
        assert_eq!(ran.status, Some(0), "{ran:?}");
        return;
    }
    assert_eq!(ran.status, Some(2), "{ran:?}");
    for wanted in [
        "compose.yml:5: `app` has `additional_contexts`, which needs Docker 23",
        "Dockerfile:2: a heredoc needs",
        "Dockerfile:5: `--link` needs",
    ] {
        assert!(ran.err.contains(wanted), "{}", ran.err);
    }
}

/// Docker's engine writes caches to folders only where it keeps its images in containerd's store.
#[test]
fn a_cache_that_the_engine_does_not_write_is_told() {
    let Some(docker) = engine() else { return };
    let from = "services:\n  app:\n    build: {context: ., cache_from: ['type=local,src=kept']}\n";
    let files = [("Dockerfile", BASE), ("compose.yml", from)];
    let dir = project(&docker, "stacklint-test-kept", &files);
    let ran = execute(&dir, &[]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.err.contains("compose.yml:2: `app` takes no cache from kept: nothing is there"), "{}", ran.err);
    fs::write(dir.join("compose.yml"), from.replace("cache_from", "cache_to").replace("src=", "dest=")).unwrap();
    let ran = execute(&dir, &[]);
    if ran.status != Some(0) {
        assert_eq!((ran.status, ran.events().len()), (Some(2), 0), "before anything runs: {ran:?}");
        assert!(
            ran.err.contains("compose.yml:3: `app` leaves a cache of `type=local`, which this engine's BuildKit cannot write"),
            "{}",
            ran.err
        );
        assert!(ran.err.contains("a BuildKit daemon (BUILDKIT_HOST) writes it to a folder"), "{}", ran.err);
        assert!(!dir.join("kept").exists(), "nothing is left behind");
    }
    let ran = execute(&dir, &["--builder=classic"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.err.contains("compose.yml:3: `app`: the classic builder overlooks `cache_to`"), "{}", ran.err);
    fs::write(dir.join("compose.yml"), from.replace("cache_from", "cache_to").replace("local,src=kept", "inline")).unwrap();
    let ran = execute(&dir, &[]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    fs::write(dir.join("compose.yml"), from.replace("src=kept", "dest=kept")).unwrap();
    let ran = execute(&dir, &[]);
    assert_eq!((ran.status, ran.events().len()), (Some(2), 0), "{ran:?}");
    assert!(ran.err.contains("compose.yml:2: the cache `type=local,dest=kept` does not say which folder it is taken from"), "{}", ran.err);
}

#[test]
fn plain_progress_is_as_buildkit_prints_it() {
    let Some(docker) = engine() else { return };
    let text = format!("{BASE}RUN echo hello && echo there\n");
    let dir = project(&docker, "stacklint-test-plain", &[("Dockerfile", &text)]);
    let ran = stacklint(
        &dir,
        &["plan", "Dockerfile", "--execute", "--allow-findings", "--progress=plain", "--no-cache", "--tag=stacklint-test/plain"],
    );
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let lines: Vec<&str> = ran.err.lines().collect();
    let at = lines.iter().position(|line| line.ends_with("[2/2] RUN echo hello && echo there")).unwrap_or_else(|| panic!("{}", ran.err));
    let number = lines[at].split(' ').next().unwrap();
    let rest: Vec<&&str> = lines[at + 1..].iter().filter(|line| line.split(' ').next() == Some(number)).collect();
    assert!(rest[0].ends_with(" hello") && rest[1].ends_with(" there"), "{}", ran.err);
    assert!(rest[2].starts_with(&format!("{number} DONE ")) && rest[2].ends_with('s'), "{}", ran.err);
    assert!(ran.out.starts_with("image                 digest"), "{}", ran.out);
    let quiet = stacklint(&dir, &["plan", "Dockerfile", "--execute", "--allow-findings", "--quiet", "--tag=stacklint-test/plain"]);
    assert_eq!((quiet.out.trim(), quiet.err.as_str()), (image("stacklint-test/plain").unwrap().as_str(), ""));
    let events = execute(&dir, &["Dockerfile"]).events();
    assert_eq!(of(&events, "Dockerfile", "cached").len(), 1, "{events:?}");
}

/// Every file is asked for by itself, in many small messages at once.
#[test]
fn thousands_of_small_files_arrive() {
    let Some(docker) = engine() else { return };
    let text = format!("{BASE}COPY all /all\nRUN find /all -type f | wc -l > /count\n");
    let dir = project(&docker, "stacklint-test-many", &[("Dockerfile", &text)]);
    for n in 0..6000 {
        if n % 100 == 0 {
            fs::create_dir_all(dir.join(format!("all/{}", n / 100))).unwrap();
        }
        fs::write(dir.join(format!("all/{}/{n}", n / 100)), n.to_string()).unwrap();
    }
    let ran = execute(&dir, &["Dockerfile", "--tag=stacklint-test/many"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(in_image("stacklint-test/many", "cat /count"), "6000");
}

#[test]
fn a_key_is_lent_without_an_agent_of_the_user() {
    let Some(docker) = engine() else { return };
    let there =
        |program: &str| Command::new("sh").args(["-c", &format!("command -v {program}")]).output().is_ok_and(|o| o.status.success());
    if !there("ssh-agent") || !there("ssh-keygen") {
        eprintln!("skipped: OpenSSH's ssh-agent and ssh-keygen are not installed");
        return;
    }
    let text = format!("{BASE}COPY perl /\nCOPY ask.pl /\nRUN --mount=type=ssh /usr/bin/perl /ask.pl\n");
    let compose = "services:\n  app:\n    image: stacklint-test/key\n    build: {context: ., ssh: [default=./id]}\n";
    let ignored = ("Dockerfile.dockerignore", "id*\n");
    let dir = project(&docker, "stacklint-test-key", &[("Dockerfile", &text), ("compose.yml", compose), ("ask.pl", ASK), ignored]);
    let copied = "for f in /usr/bin/perl $(ldd /usr/bin/perl | grep -o '/[^ ]*'); do mkdir -p perl$(dirname $f) && cp -L $f perl$f; done";
    assert!(Command::new("sh").args(["-c", copied]).current_dir(&dir).status().unwrap().success());
    let keygen = |passphrase: &str| {
        let _ = fs::remove_file(dir.join("id"));
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", passphrase, "-f", "id"]).current_dir(&dir).status();
        assert!(made.unwrap().success());
    };
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stacklint"));
        command.args(["plan", "--execute", "--allow-findings", "--progress=plain"]).current_dir(&dir).env_remove("SSH_AUTH_SOCK");
        super::docker::Ran::new(&command.output().unwrap())
    };
    keygen("");
    let ran = run();
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let answer = in_image("stacklint-test/key", "cat /answer");
    assert!(answer.ends_with("0c00000001"), "the agent holds this one key: {answer}");
    let agents = Command::new("pgrep").args(["-f", "ssh-agent -a .*stacklint-"]).output().unwrap();
    assert!(agents.stdout.is_empty(), "the agent has ended with the run");
    keygen("a passphrase");
    let ran = run();
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("the ssh agent `default` of `app`: id has a passphrase; `ssh-add "), "{}", ran.err);
    fs::write(dir.join("id"), "no key\n").unwrap();
    let ran = run();
    assert!(ran.err.contains("id is neither a private key nor an agent's socket"), "{}", ran.err);
}
