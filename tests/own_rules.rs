//! Rules that a project brings along, and what its configuration says of rules and paths.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const PAGE: &str = r#"---
summary: curl takes the place of the mirror's client
severity: error
references: [https://wiki.example.com/mirror]
match:
  command: {name: curl, without: --proxy}
  message: "`{name}` goes past the mirror"
  help: use `fetch-mirror`
---
Machines that build reach nothing but the mirror.

## Bad

```dockerfile Dockerfile
FROM debian:13
RUN curl -fsSLO https://example.com/a.tar.gz
```

```text
Dockerfile:2:5: error past-the-mirror: `curl` goes past the mirror
```

## Good: the mirror's client

```dockerfile Dockerfile
FROM debian:13
RUN fetch-mirror a.tar.gz
```
"#;

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn run(dir: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_stacklint")).args(args).current_dir(dir).env("NO_COLOR", "1").output().unwrap();
    (out.status.code(), String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap())
}

/// What a check finds, as `path:line rule`.
fn found(dir: &Path, args: &[&str]) -> Vec<String> {
    let (_, out, err) = run(dir, &[&["check", "--format", "json"], args].concat());
    let json: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    let line = |d: &Value| {
        format!(
            "{}:{} {} {}",
            d["file"].as_str().unwrap(),
            d["range"]["start"]["line"],
            d["severity"].as_str().unwrap(),
            d["rule"].as_str().unwrap()
        )
    };
    json["diagnostics"].as_array().unwrap().iter().map(line).collect()
}

fn project() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), ".git/HEAD", "");
    write(dir.path(), ".stacklint/rules/past-the-mirror.md", PAGE);
    write(dir.path(), "app/Dockerfile", "FROM debian:13\nRUN curl -fsSLO https://example.com/a.tar.gz && cd /x\nUSER 1000\n");
    dir
}

#[test]
fn a_rule_of_the_project_runs_like_any_other() {
    let dir = project();
    let only = ["--select", "past-the-mirror"];
    assert_eq!(found(dir.path(), &only), ["app/Dockerfile:2 error past-the-mirror"]);
    assert!(found(dir.path(), &[]).contains(&"app/Dockerfile:2 error past-the-mirror".to_owned()), "it runs without being asked for");
    assert_eq!(found(&dir.path().join("app"), &["--select", "own"]), ["Dockerfile:2 error past-the-mirror"]);
    assert!(found(dir.path(), &["--select", "ALL", "--ignore", "past-the-mirror"]).iter().all(|d| !d.contains("past-the-mirror")));
    write(dir.path(), ".stacklint.yaml", "severity: {past-the-mirror: info}\n");
    assert_eq!(found(dir.path(), &only), ["app/Dockerfile:2 info past-the-mirror"]);
    let silenced = "FROM debian:13\n# stacklint: ignore[past-the-mirror] no mirror has it\nRUN curl https://example.com/a\n";
    write(dir.path(), "app/Dockerfile", silenced);
    assert_eq!(found(dir.path(), &only), Vec::<String>::new());
}

#[test]
fn it_is_listed_explained_and_reported_in_every_format() {
    let dir = project();
    let (status, out, _) = run(dir.path(), &["explain", "past-the-mirror"]);
    assert!(status == Some(0) && out.contains("reach nothing but the mirror"), "{out}");
    assert!(run(dir.path(), &["rules"]).1.contains("past-the-mirror"));
    for format in ["text", "compact", "json", "jsonl", "sarif", "github", "gitlab", "checkstyle", "junit", "rdjson"] {
        let (status, out, err) = run(dir.path(), &["check", "--select", "own", "--format", format]);
        assert!(status == Some(1) && out.contains("past the mirror") && err.is_empty(), "{format}: {out}{err}");
    }
}

#[test]
fn a_page_that_cannot_work_ends_the_run_with_its_reason() {
    let dir = project();
    let path = ".stacklint/rules/past-the-mirror.md";
    for (text, why) in [
        (PAGE.replace("match:", "mach:"), "unknown field `mach`"),
        (PAGE.replace("severity: error", "severity: bad"), "severity `bad`"),
        (PAGE.replace("  command: {name: curl, without: --proxy}\n", ""), "finds nothing"),
        (PAGE.replace("command: {name: curl, without: --proxy}", "instruction: {keyword: RUN, text: '['}"), "`[` is no pattern"),
        (PAGE.replace("command: {name: curl, without: --proxy}", "service: {key: image, value: ['[']}"), "`[` is no pattern"),
        (
            PAGE.replace("command: {name: curl, without: --proxy}", "service: {key: image, value: a, missing: true}"),
            "what is missing has none",
        ),
        (PAGE.replace("severity: error\n", "severity: error\npresets: [all]\n"), "no preset `all`"),
        ("no front matter\n".to_owned(), "starts with `---`"),
    ] {
        write(dir.path(), path, &text);
        let (status, out, err) = run(dir.path(), &["check"]);
        assert!(status == Some(2) && out.is_empty() && err.contains(path) && err.contains(why) && err.lines().count() == 1, "{why}: {err}");
    }
    std::fs::remove_file(dir.path().join(path)).unwrap();
    write(dir.path(), ".stacklint/rules/links.md", PAGE);
    assert!(run(dir.path(), &["check"]).2.contains("of this name already"));
}

#[test]
fn values_of_services_are_found_by_their_paths() {
    let base = "services:\n  web:\n    image: nginx:latest\n    ports: ['22:22', \"80:80\", {target: 443}]\n    cap_add: [NET_ADMIN, SYS_TIME]\n    env_file: web.env\n    environment:\n      - DEBUG=1\n      - OPEN=${NOBODY}\n    deploy:\n      resources:\n        limits: {memory: 2g}\n    volumes: ['./data:/data', {type: bind, source: /etc, target: /e}]\n    labels: {com.example.team: shop}\n";
    let over =
        "services:\n  web:\n    image: nginx:1.29\n  db:\n    image: registry.example.com/db:latest\n    labels: [com.example.team=data]\n";
    for (service, wanted) in [
        ("{key: image, value: '*:latest'}", &["compose.override.yaml:5 db"][..]),
        ("{key: image, not-value: 'registry.example.com/*'}", &["compose.override.yaml:3 web"]),
        ("{key: image, value: ['nginx:*', '*/db:*'], not-value: '*:latest'}", &["compose.override.yaml:3 web"]),
        ("{key: ports, value: '22:*'}", &["compose.yaml:4 web"]),
        ("{key: ports.target, value: '443'}", &["compose.yaml:4 web"]),
        ("{key: cap_add, value: SYS_*}", &["compose.yaml:5 web"]),
        ("{key: environment.DEBUG, value: '1'}", &["compose.yaml:8 web"]),
        ("{key: environment, value: DEBUG=*}", &["compose.yaml:8 web"]),
        ("{key: environment.FROM_FILE, value: x}", &["web.env:1 web"]),
        ("{key: environment.OPEN, not-value: x}", &[]),
        ("{key: deploy.resources.limits.memory, not-value: '*m'}", &["compose.yaml:12 web"]),
        ("{key: deploy.resources.limits.memory, missing: true}", &["compose.override.yaml:4 db"]),
        ("{key: volumes, value: './*'}", &["compose.yaml:13 web"]),
        ("{key: volumes.source, value: /etc}", &["compose.yaml:13 web"]),
        ("{key: labels.com.example.team, value: shop}", &["compose.yaml:14 web"]),
        ("{key: labels.com.example.team, not-value: shop}", &["compose.override.yaml:6 db"]),
        ("{key: labels.com.example.team}", &["compose.override.yaml:6 db", "compose.yaml:14 web"]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), ".git/HEAD", "");
        write(dir.path(), "compose.yaml", base);
        write(dir.path(), "compose.override.yaml", over);
        write(dir.path(), "web.env", "FROM_FILE=x\n");
        let page = format!("---\nsummary: x\nseverity: info\nmatch:\n  service: {service}\n  message: '{{name}}'\n---\n");
        write(dir.path(), ".stacklint/rules/mine.md", &page);
        let (_, out, err) = run(dir.path(), &["check", "--format", "json", "--select", "mine"]);
        let json: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        let shown =
            |d: &Value| format!("{}:{} {}", d["file"].as_str().unwrap(), d["range"]["start"]["line"], d["message"].as_str().unwrap());
        assert_eq!(json["diagnostics"].as_array().unwrap().iter().map(shown).collect::<Vec<_>>(), wanted, "{service}");
    }
}

#[test]
fn its_examples_are_tests() {
    let dir = project();
    let (status, out, err) = run(dir.path(), &["rules", "--test"]);
    assert!(status == Some(0) && out.is_empty() && err.contains("1 rule does as its examples say"), "{out}{err}");
    write(
        dir.path(),
        ".stacklint/rules/past-the-mirror.md",
        &PAGE.replace("RUN fetch-mirror", "RUN curl").replace("Dockerfile:2:5: error", "Dockerfile:2:9: error"),
    );
    let (status, out, _) = run(dir.path(), &["rules", "--test"]);
    assert_eq!(status, Some(1));
    assert!(out.contains("`Bad` shows") && out.contains("`Good: the mirror's client` gives"), "{out}");
}

#[test]
fn paths_have_rules_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), ".git/HEAD", "");
    let compose =
        "services:\n  web:\n    image: nginx:1.29\n    links: [db]\n    environment: [API_TOKEN=abc]\n  db:\n    image: postgres:17\n";
    write(dir.path(), "dev/compose.yaml", compose);
    write(dir.path(), "prod/compose.yaml", compose);
    let rule = |name: &str, args: &[&str]| {
        let found = found(dir.path(), args);
        found.into_iter().filter(|d| d.ends_with(name)).collect::<Vec<_>>()
    };
    write(dir.path(), "stacklint.yaml", "overrides:\n  - files: 'prod/**'\n    rules: {links: error}\n");
    assert_eq!(rule("links", &[]), ["prod/compose.yaml:4 error links"], "a rule outside the preset, for one path");
    assert_eq!(rule("links", &["--select", "links"]).len(), 2, "the command line counts more");
    write(dir.path(), "stacklint.yaml", "rules: {links: warning}\noverrides:\n  - files: 'dev/**'\n    ignore: [compose]\n");
    assert_eq!(rule("links", &[]), ["prod/compose.yaml:4 warning links"]);
    write(dir.path(), "stacklint.yaml", "rules: {links: {level: info, allow: links}}\n");
    assert_eq!(rule("links", &[]), Vec::<String>::new(), "the text that it points at is accepted");
    // seen from a folder below, too
    write(dir.path(), "stacklint.yaml", "rules: {links: info}\nexclude: ['prod/**']\n");
    assert_eq!(found(&dir.path().join("prod"), &["."]), Vec::<String>::new());
    assert!(found(&dir.path().join("dev"), &["."]).contains(&"compose.yaml:4 info links".to_owned()));
}
