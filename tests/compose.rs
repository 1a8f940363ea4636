//! Compose files, from text to the typed project.

use serde_json::json;
use stacklint::compose::explain::Source;
use stacklint::compose::{Explained, Loaded, Request, Role, classify, load, overlay_base};
use stacklint::files::Memory;
use stacklint::source::Sources;

fn project(files: &[(&str, &str)]) -> (Sources, Loaded) {
    let mut memory = Memory::new();
    for (path, text) in files {
        memory.insert(path, text.as_bytes());
    }
    let mut sources = Sources::new();
    let names = files.iter().map(|(p, _)| (*p).to_owned()).filter(|p| p.starts_with("compose")).collect();
    let loaded = load(&Request { files: names, ..Request::default() }, &memory, &mut sources);
    (sources, loaded)
}

#[test]
fn a_plain_file_becomes_a_typed_project() {
    let text = "services:\n  web:\n    build: ./app\n    command: run --port \"80 80\"\n    ports: ['127.0.0.1:8080:80', 9000-9001]\n    environment:\n      - A=1\n      - B=${U:-x}\n      - C\n    volumes:\n      - ./data:/data:ro\n      - db:/var\n    depends_on: [db]\n  db:\n    image: postgres\nvolumes:\n  db:\n";
    let (sources, loaded) = project(&[("compose.yaml", text)]);
    let p = &loaded.project;
    assert!(!loaded.is_refused(), "{:?}", p.problems);
    let web = p.service("web").expect("web");
    assert_eq!(sources.slice(web.name.span), "web");
    let build = web.build.as_ref().expect("build");
    assert_eq!((build.context_dir.as_deref(), build.dockerfile_path.as_deref()), (Some("app"), Some("app/Dockerfile")));
    let argv: Vec<_> = web.command.iter().flat_map(|c| &c.argv).map(|t| (t.value.as_str(), sources.slice(t.span))).collect();
    assert_eq!(argv, [("run", "run"), ("--port", "--port"), ("80 80", "80 80")]);
    let ports: Vec<_> = web.ports.iter().map(|p| (p.host_ip.as_deref(), p.published.as_deref(), p.target)).collect();
    assert_eq!(ports, [(Some("127.0.0.1"), Some("8080"), 80), (None, None, 9000), (None, None, 9001)]);
    let b = web.env("B").expect("B");
    assert_eq!((b.value.as_ref().map(|v| v.value.as_str()), b.raw.as_deref(), b.interpolated()), (Some("x"), Some("${U:-x}"), true));
    assert_eq!(sources.slice(b.name.span), "B");
    assert!(web.env("C").is_some_and(|c| c.value.is_none()));
    let mounts: Vec<_> = web.mounts.iter().map(|m| (m.source_path.as_deref(), m.target.as_str(), m.read_only)).collect();
    assert_eq!(mounts, [(Some("data"), "/data", true), (None, "/var", false)]);
    assert_eq!(p.variables.iter().map(|v| (v.name.as_str(), v.path.as_str())).collect::<Vec<_>>(), [("U", "services.web.environment")]);
}

#[test]
fn overrides_extends_and_includes_are_joined() {
    let base = "include: [other/compose.yaml]\nservices:\n  a:\n    image: one\n    environment: {X: 1, Y: 2}\n  b:\n    extends: {file: other/parts.yaml, service: part}\n    command: [b]\n";
    let over = "services:\n  a:\n    image: two\n    environment: [X=3]\n    ports: !override ['1:1']\n";
    let parts = "services:\n  part:\n    image: part\n    volumes: ['./x:/x']\n    command: [part]\n";
    let other = "services:\n  c:\n    build: .\n";
    let (sources, loaded) =
        project(&[("compose.yaml", base), ("compose.override.yaml", over), ("other/parts.yaml", parts), ("other/compose.yaml", other)]);
    let p = &loaded.project;
    assert!(!loaded.is_refused(), "{:?}", p.problems);
    let a = p.service("a").expect("a");
    let image = a.image.as_ref().expect("image");
    assert_eq!((image.value.as_str(), sources.path(image.span.file)), ("two", "compose.override.yaml"));
    let env: Vec<_> = a.environment.iter().map(|v| (v.name.value.as_str(), v.value.as_ref().map(|t| t.value.as_str()))).collect();
    assert_eq!(env, [("X", Some("3")), ("Y", Some("2"))]);
    let b = p.service("b").expect("b");
    assert_eq!(b.mounts.first().and_then(|m| m.source_path.as_deref()), Some("other/x"));
    assert_eq!(b.command.iter().flat_map(|c| &c.argv).map(|t| t.value.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(b.extends.as_ref().map(|e| e.value.as_str()), Some("part"));
    assert_eq!(p.service("c").and_then(|c| c.build.as_ref()).and_then(|b| b.context_dir.as_deref()), Some("other"));
}

#[test]
fn other_yaml_is_no_compose_file() {
    let role = |path: &str, text: &str| {
        let mut sources = Sources::new();
        let id = sources.add(path, text.to_owned());
        classify(&stacklint::syntax::yaml::parse(sources.get(id)), path)
    };
    let service = "services:\n  a:\n    image: x\n";
    assert_eq!(role("docker-compose.yml", service), Some(Role::Complete));
    assert_eq!(role("stacks/web.yml", service), Some(Role::Complete));
    assert_eq!(role("docker-compose.prod.yml", "services:\n  a:\n    restart: always\n"), Some(Role::Overlay));
    assert_eq!(role("rancher-compose.yml", "services:\n  a:\n    scale: 1\n    start_on_create: true\n"), None);
    assert_eq!(role("docker-compose.prod.yml", service), Some(Role::Complete));
    assert_eq!(role("docker-compose.yml", "web:\n  image: x\ndb:\n  image: y\n"), Some(Role::V1));
    assert_eq!(role("k8s.yaml", "apiVersion: v1\nkind: Service\n"), None);
    assert_eq!(role("ci.yml", "on: push\njobs:\n  a:\n    services:\n      db: {image: x}\n"), None);
    assert_eq!(role(".gitlab-ci.yml", "services:\n  - docker:dind\nimage: x\nscript: [a]\n"), None);
    assert_eq!(role("values.yaml", "replicaCount: 1\nservices:\n  web:\n    port: 80\n"), None);
    assert_eq!(role("play.yml", "- hosts: all\n"), None);
    let siblings = ["docker-compose.yml".to_owned(), "compose.prod.yml".to_owned()];
    assert_eq!(overlay_base("a/docker-compose-dev.yml", &siblings).as_deref(), Some("a/docker-compose.yml"));
    assert_eq!(overlay_base("docker-compose.yml", &siblings), None);
}

pub(crate) const RICH: &str = "name: shop\nx-base: &base\n  restart: always\n  environment: &env\n    A: \"1\"\n    B: ${B:-two}\nservices:\n  web:\n    <<: *base\n    build:\n      context: ./web\n      args: [V=1, W]\n      secrets: [token]\n    command: sh -c \"exec run --port 80\"\n    ports: [\"127.0.0.1:8080:80\", 9000-9002:9000-9002/udp]\n    volumes: [./a:/a:ro, data:/data, {type: tmpfs, target: /t, tmpfs: {size: 1m}}]\n    depends_on: {db: {condition: service_healthy}}\n    networks: {front: {aliases: [www]}}\n    healthcheck: {test: [CMD, 'true'], interval: 30s}\n    deploy: {replicas: 2, resources: {limits: {cpus: '0.5', memory: 64m}}}\n    labels: {a.b: 1}\n    extra_hosts: [\"h:1.2.3.4\"]\n  db:\n    image: \"postgres:16\"\n    env_file: [{path: db.env, required: false}]\n    environment: {<<: *env, C: 'x''y'}\n    networks: [front]\n    secrets: [{source: token, mode: 0o440}]\n    entrypoint: |\n      /bin/sh\n      -c 'a b'\nnetworks: {front: }\nvolumes:\n  data:\nsecrets:\n  token: {file: ./token}\n";

fn json(files: &[(&str, &str)]) -> (Loaded, Sources) {
    let mut memory = Memory::new();
    for (path, text) in files {
        memory.insert(path, text.as_bytes());
    }
    let mut sources = Sources::new();
    let names = files.iter().map(|(p, _)| (*p).to_owned()).filter(|p| p.starts_with("compose")).collect();
    let request = Request { files: names, canonical: true, root: "/project".to_owned(), ..Request::default() };
    (load(&request, &memory, &mut sources), sources)
}

#[test]
fn an_empty_overlay_changes_nothing() {
    let (alone, _) = json(&[("compose.yaml", RICH)]);
    assert!(!alone.is_refused(), "{:?}", alone.project.problems);
    for empty in ["services: {}\n", "services:\n  web: {}\n  db: {}\n", "services:\n  web:\n    environment:\n    ports:\nvolumes: {}\n"] {
        let (both, _) = json(&[("compose.yaml", RICH), ("compose.override.yaml", empty)]);
        assert_eq!(alone.json, both.json, "{empty}");
    }
}

#[test]
fn the_resolved_model_has_the_reference_shape() {
    let (loaded, _) = json(&[("compose.yaml", RICH)]);
    let json = loaded.json.expect("asked for");
    let web = &json["services"]["web"];
    assert_eq!(json["name"], "shop");
    assert_eq!(web["build"]["context"], "/project/web");
    assert_eq!(web["build"]["args"], serde_json::json!({"V": "1"}));
    assert_eq!(web["command"], serde_json::json!(["sh", "-c", "exec run --port 80"]));
    assert_eq!(web["ports"][1], serde_json::json!({"mode": "ingress", "target": 9000, "published": "9000", "protocol": "udp"}));
    assert_eq!(web["volumes"][2]["tmpfs"]["size"], "1048576");
    assert_eq!(web["environment"], serde_json::json!({"A": "1", "B": "two"}));
    assert_eq!(web["networks"], serde_json::json!({"front": {"aliases": ["www"]}}));
    assert_eq!(json["services"]["db"]["secrets"][0]["mode"], "0440");
    assert_eq!(json["services"]["db"]["environment"]["C"], "x'y");
    assert_eq!(json["networks"]["front"]["name"], "shop_front");
    assert_eq!(json["secrets"]["token"]["file"], "/project/token");
}

#[test]
fn kinds_that_do_not_fit_their_base_are_refused() {
    let base = "services:\n  a:\n    image: x\n    logging: {driver: local}\n    depends_on: [b]\n    networks: [default]\n    env_file: []\n  b: {image: y}\n";
    for over in [
        "logging: local",
        "depends_on: [{a: 1}]",
        "networks: [1]",
        "ports: {a: 1}",
        "env_file: [{path: 5}]",
        "secrets: [{source: s, target: 5}]",
    ] {
        let (loaded, _) = json(&[("compose.yaml", base), ("compose.override.yaml", &format!("services:\n  a:\n    {over}\n"))]);
        assert!(loaded.is_refused(), "{over}");
    }
}

#[test]
fn problems_stand_at_their_key_and_say_what_was_meant() {
    let text = "services:\n  web:\n    image: x\n    prots: ['80']\n    depends_on: [dbb]\n    privileged: 1\n    db:\n      image: y\n      ports: []\n  dbb2:\n    restart: always\n";
    let (loaded, sources) = json(&[("compose.yaml", text)]);
    let found: Vec<(&str, Option<&str>)> = loaded.project.problems.iter().map(|p| (sources.slice(p.span), p.help.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("prots", Some("did you mean `ports`?")),
            ("dbb", Some("did you mean `dbb2`?")),
            ("1", Some("write true or false")),
            ("db", Some("indent `db` like `web`")),
            ("dbb2", Some("say what it runs")),
        ]
    );
}

#[test]
fn extended_files_are_read_in_their_folder() {
    let main = "name: x\nservices:\n  a:\n    extends: {file: o/o.yaml, service: d}\n    env_file: [{path: e.env, required: false}]\n";
    for (body, refused) in [
        ("env_file: [{path: e.env, required: false}]", false),
        ("env_file: e.env", true),
        ("depends_on: b", true),
        ("tty: maybe\n    profiles: [p]", true),
    ] {
        let other = format!("services:\n  d:\n    image: i\n    {body}\n");
        let mut memory = Memory::new();
        memory.insert("compose.yaml", main.as_bytes());
        memory.insert("o/o.yaml", other.as_bytes());
        let request = Request { files: vec!["compose.yaml".to_owned()], canonical: true, ..Request::default() };
        let loaded = load(&request, &memory, &mut Sources::new());
        let names: Vec<String> = loaded.project.problems.iter().map(|p| p.message.clone()).collect();
        assert_eq!(loaded.is_refused(), refused, "{body}: {names:?}");
    }
}

/// No schema looks at an extended file, and Compose fails on what it cannot lay anything over.
#[test]
fn values_of_extended_files_that_nothing_can_be_laid_over() {
    for (base, own, refused) in [
        ("dns: [null]", "", true),
        ("dns_search: [1]", "dns_search: !override [a]", true),
        ("dns: ['']", "", false),
        ("ulimits: {nofile: }", "ulimits: {nofile: 5}", true),
        ("devices: [{source: /dev/a}]", "devices: !reset null", true),
        ("networks: n", "networks: [n]", true),
        ("networks: ", "networks: [n]", true),
        ("models: m", "models: []", true),
        ("networks: {}", "networks: [n]", false),
        ("logging: ", "logging: {driver: local}", true),
        ("ports: [{target: 80, published: ''}, {target: 80}]", "", false),
    ] {
        let own = format!("name: x\nservices:\n  a:\n    extends: {{file: base.yaml, service: b}}\n    {own}\nnetworks: {{n: }}\n");
        let base = format!("services:\n  b:\n    image: i\n    {base}\n");
        let mut memory = Memory::new();
        memory.insert("compose.yaml", own.as_bytes());
        memory.insert("base.yaml", base.as_bytes());
        let request = Request { files: vec!["compose.yaml".to_owned()], canonical: true, ..Request::default() };
        let loaded = load(&request, &memory, &mut Sources::new());
        assert_eq!(loaded.is_refused(), refused, "{base}{own}: {:?}", loaded.project.problems);
        if base.contains("published") {
            assert_eq!(loaded.json.expect("asked for")["services"]["a"]["ports"].as_array().map(Vec::len), Some(2));
        }
    }
}

/// As the reference prints them; `None` is refused.
#[test]
fn numbers_that_are_too_large_for_their_key_are_cut_as_the_reference_cuts_them() {
    for (body, pointer, printed) in [
        ("healthcheck: {test: [CMD, x], retries: 18446744073709551615}", "/healthcheck/retries", Some("18446744073709551615")),
        ("healthcheck: {test: [CMD, x], retries: 1e19}", "/healthcheck/retries", Some("10000000000000000000")),
        ("deploy: {update_config: {parallelism: 1e20}}", "/deploy/update_config/parallelism", Some("9223372036854775808")),
        ("blkio_config: {weight: 4294967295}", "/blkio_config/weight", Some("65535")),
        ("shm_size: '18446744073709551616'", "/shm_size", Some("\"-9223372036854775808\"")),
        ("scale: 9223372036854775807", "/scale", Some("9223372036854775807")),
        ("scale: 9223372036854775808", "", None),
        ("deploy: {replicas: 1e20}", "", None),
        ("ports: [{target: -0, published: 5}]", "/ports/0/published", Some("\"5\"")),
        ("ports: [{target: 1e18}]", "", None),
        ("ports: ['+1:+2']", "/ports/0/target", Some("2")),
        ("ports: ['++1:2']", "", None),
    ] {
        let (loaded, _) = json(&[("compose.yaml", &format!("services:\n  a:\n    image: i\n    {body}\n"))]);
        let found = loaded.json.as_ref().filter(|_| !loaded.is_refused()).and_then(|json| json["services"]["a"].pointer(pointer));
        assert_eq!(found.map(ToString::to_string).as_deref(), printed, "{body}: {:?}", loaded.project.problems);
    }
}

#[test]
fn bombs_are_bounded() {
    let mut aliases = "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n".to_owned();
    for i in 1..12 {
        let list = vec![format!("*x{}", i - 1); 10].join(", ");
        aliases.push_str(&format!("x-{i}: &x{i} [{list}]\n"));
    }
    assert!(json(&[("compose.yaml", &aliases)]).0.is_refused());
    let own = "services:\n  a: &a\n    image: x\n    environment: *a\n";
    assert!(json(&[("compose.yaml", own)]).0.is_refused());
    let twice = "include: [other.yaml, other.yaml]\nservices: {a: {image: x}}\n";
    assert!(json(&[("compose.yaml", twice), ("other.yaml", "include: [compose.yaml]\n")]).0.is_refused());
    let circle = "services:\n  a: {image: x, extends: b}\n  b: {extends: a}\n";
    assert!(json(&[("compose.yaml", circle)]).0.is_refused());
}

#[test]
fn what_a_lint_cannot_know_is_no_error() {
    let text = "services:\n  a:\n    image: ${IMAGE}\n    ports: ['${PORT}:80', '${P}']\n    privileged: ${PRIV}\n    volumes: ['${DIR}:/x']\n    environment: {S: '${S:?set it}'}\n    mem_limit: ${MEM}\n";
    let (_, loaded) = project(&[("compose.yaml", text)]);
    let fatal: Vec<_> = loaded.project.problems.iter().filter(|p| p.fatal).collect();
    assert!(fatal.is_empty(), "{fatal:?}");
    assert_eq!(loaded.project.variables.len(), 7);
}

#[test]
fn a_problem_in_what_was_brought_in_says_what_brought_it() {
    let base = "name: t\ninclude: [sub/compose.yaml]\nx-a: &a {prots: ['80']}\nservices:\n  a:\n    <<: *a\n    image: x\n  b:\n    extends: {file: parts.yaml, service: part}\n";
    let parts = "services:\n  part:\n    image: x\n    volums: []\n";
    let sub = "services:\n  c:\n    image: x\n    networks: [nowhere]\n";
    let (loaded, sources) = json(&[("compose.yaml", base)]);
    assert!(loaded.is_refused(), "{sources:?}");
    let mut memory = Memory::new();
    for (path, text) in [("compose.yaml", base), ("parts.yaml", parts), ("sub/compose.yaml", sub)] {
        memory.insert(path, text.as_bytes());
    }
    let mut sources = Sources::new();
    let loaded = load(&Request { files: vec!["compose.yaml".to_owned()], canonical: true, ..Request::default() }, &memory, &mut sources);
    let found: Vec<(&str, Vec<&str>)> = loaded
        .project
        .problems
        .iter()
        .map(|p| (sources.slice(p.span), p.related.iter().map(|(span, _)| sources.slice(*span)).collect()))
        .collect();
    let extends = "{file: parts.yaml, service: part}";
    assert_eq!(found, [("prots", vec!["*a"]), ("nowhere", vec!["sub/compose.yaml"]), ("volums", vec![extends])]);
}

/// What a span's text must show of a value: itself, or what stands in it once quotes and escapes are read.
fn yields(text: &str, value: &str) -> bool {
    let bare = text.trim();
    let unquoted = bare.strip_prefix(['"', '\'']).and_then(|t| t.strip_suffix(['"', '\''])).unwrap_or(bare);
    bare == value || unquoted.replace("''", "'") == value || unquoted.contains(value) || bare.contains('$') || bare.contains('\\')
}

#[test]
fn every_leaf_of_the_resolved_model_has_a_place_that_yields_it() {
    let over = "services:\n  web:\n    image: \"web:${TAG:-2}\"\n    environment: [A=3, 'N=a b']\n    ports: ['90:90']\n    labels: {x: 1.5, on: true}\n";
    let mut memory = Memory::new();
    for (path, text) in [("compose.yaml", RICH), ("compose.override.yaml", over), ("web/Dockerfile", ""), ("token", "")] {
        memory.insert(path, text.as_bytes());
    }
    let mut sources = Sources::new();
    let mut explained = 0;
    for top in ["services", "volumes", "networks", "secrets", "name"] {
        let request = Request {
            files: vec!["compose.yaml".to_owned(), "compose.override.yaml".to_owned()],
            canonical: true,
            explain: Some(top.to_owned()),
            ..Request::default()
        };
        let loaded = load(&request, &memory, &mut sources);
        assert!(!loaded.is_refused(), "{:?}", loaded.project.problems);
        let Some(Explained::Found(all)) = loaded.explained else { panic!("{top}: {:?}", loaded.explained) };
        for one in all {
            let last = one.contributions.last().unwrap_or_else(|| panic!("{} comes from nowhere", one.path));
            assert!(last.wins, "{}", one.path);
            let Some(span) = last.span else {
                assert_eq!(last.source, Source::Default, "{}", one.path);
                continue;
            };
            explained += 1;
            let text = sources.slice(span);
            let values: Vec<String> = match &one.value {
                serde_json::Value::Array(items) => items.iter().map(|i| i.as_str().unwrap_or_default().to_owned()).collect(),
                serde_json::Value::String(value) => vec![value.clone()],
                serde_json::Value::Null | serde_json::Value::Object(_) => continue,
                other => vec![other.to_string()],
            };
            // sizes and durations are printed in a form of their own, short forms say some values by their shape
            let own_form = ["size", "memory", "interval", "mode", "type", "read_only", "published"].iter().any(|k| one.path.ends_with(k))
                || one.path.contains("extra_hosts")
                || text.contains("9000-9002");
            assert!(own_form || values.iter().all(|v| yields(text, v)), "{} is {} and comes from `{text}`", one.path, one.value);
        }
    }
    assert!(explained > 50, "{explained}");
}

#[test]
fn what_is_fetched_from_elsewhere_is_open() {
    let text = "name: x\ninclude: [\"oci://example.com/db\"]\nservices:\n  a: {image: i, depends_on: [db], networks: [n]}\n  b: {extends: {file: \"https://example.com/x.git\", service: b}}\n";
    let (_, checked) = project(&[("compose.yaml", text)]);
    assert!(checked.project.problems.is_empty(), "{:?}", checked.project.problems);
    let (loaded, _) = json(&[("compose.yaml", text)]);
    assert_eq!(loaded.project.problems.iter().filter(|p| p.message.contains("fetches nothing")).count(), 2);
}

#[test]
fn a_fault_of_yaml_is_not_said_twice() {
    let text = "name: x\nservices:\n  web:\n    image: \"nginx:1\n    ports: [80]\n  db:\n    imagee: y\n  api:\n    restart: always\n  ports:\n    - 80:80\n";
    let (loaded, _) = json(&[("compose.yaml", text)]);
    let found: Vec<&str> = loaded.project.problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(
        found,
        [
            "this quote is never closed",
            "`imagee` is no key in a service",
            "the service `api` has neither `image` nor `build`",
            "`ports` stands between the services, so Compose takes it for one",
        ]
    );
}

#[test]
fn dates_are_written_out_or_lost_where_compose_does_so() {
    let full = "2001-01-01 00:00:00 +0000 UTC";
    for (body, key, printed) in [
        ("labels: {a: 2001-01-01}", "labels", Some(json!({"a": full}))),
        ("extra_hosts: {h: [2001-01-01]}", "extra_hosts", Some(json!([format!("h={full}")]))),
        (
            "gpus: [{capabilities: [gpu], options: [2001-01-01]}]",
            "gpus",
            Some(json!([{"capabilities": ["gpu"], "count": -1, "options": {full: ""}}])),
        ),
        (
            "post_start: [{command: a, environment: [2001-01-01]}]",
            "post_start",
            Some(json!([{"command": ["a"], "environment": {full: null}}])),
        ),
        ("command: 2001-01-01", "command", Some(json!(null))),
        ("post_start: [{command: 2001-01-01}]", "post_start", Some(json!([{"command": null}]))),
        ("mem_limit: 2001-01-01", "mem_limit", None),
        ("mem_swappiness: 2001-01-01", "mem_swappiness", None),
        ("pull_refresh_after: 2001-01-01", "pull_refresh_after", None),
        ("env_file: [2001-01-01]", "env_file", Some(json!([{"required": false}]))),
    ] {
        let text = format!("name: 2001-1-1\nversion: 2001-01-01\nservices:\n  a:\n    image: i\n    {body}\n");
        let (loaded, _) = json(&[("compose.yaml", &text)]);
        let made = loaded.json.as_ref().unwrap();
        assert!(!loaded.is_refused(), "{body}: {:?}", loaded.project.problems);
        assert_eq!(loaded.project.problems.iter().filter(|p| p.message.starts_with("YAML reads a date here")).count(), 2, "{body}");
        assert_eq!(made["name"], "2001-1-1");
        assert_eq!(made["services"]["a"].get(key), printed.as_ref(), "{body}");
    }
}

#[test]
fn numbers_without_end_are_refused_where_they_are_left() {
    let base = "services:\n  b: {image: i, environment: {A: .inf}}\n  c: {image: i}\n";
    let over =
        |service: &str| format!("name: x\nservices:\n  a: {{extends: {{file: base.yaml, service: {service}}}, environment: {{A: 1}}}}\n");
    for (text, refused) in [(over("b"), false), (over("c"), false), (over("b").replace("environment: {A: 1}", "tty: true"), true)] {
        let (loaded, _) = json(&[("compose.yaml", &text), ("base.yaml", base)]);
        assert_eq!(loaded.is_refused(), refused, "{text}: {:?}", loaded.project.problems);
    }
    let (loaded, _) = json(&[("compose.yaml", base), ("compose.override.yaml", "services:\n  b: {environment: {A: 1}}\n")]);
    assert_eq!(loaded.project.problems.iter().filter(|p| p.message.contains("without end")).count(), 1);
}

#[test]
fn yaml_has_keys_of_ones_own_and_nothing_empty() {
    let text = "name: x\nservices:\n  a:\n    image: i\n    x-own: {n: 1}\n    build: {context: ., x-bake: {tags: [\"${T:-t}\"]}}\n    ports: [{target: 80, x-p: }]\n\
                networks: {default: {x-n: 2001-01-01}}\nx-top: 1\n";
    let made = |yaml| {
        let mut files = Memory::new();
        files.insert("compose.yaml", text.as_bytes());
        let request = Request { files: vec!["compose.yaml".to_owned()], canonical: true, yaml, ..Request::default() };
        load(&request, &files, &mut Sources::new()).json.unwrap()
    };
    let (with, without) = (made(true), made(false));
    let a = &with["services"]["a"];
    assert_eq!((&a["x-own"], &a["build"]["x-bake"], &a["ports"][0]["x-p"]), (&json!({"n": 1}), &json!({"tags": ["t"]}), &json!(null)));
    assert_eq!(with["networks"]["default"]["x-n"], "2001-01-01T00:00:00Z");
    assert!(!without.to_string().contains("x-own") && !without.to_string().contains("x-bake"));
    assert_eq!((&with["x-top"], &without["x-top"]), (&json!(1), &json!(1)));
    assert_eq!((with["networks"]["default"].get("ipam"), a.get("command")), (None, None));
    assert_eq!((&without["networks"]["default"]["ipam"], without["services"]["a"].get("command")), (&json!({}), Some(&json!(null))));
}

#[test]
fn services_with_one_name_are_loaded_as_compose_loads_them() {
    let text = "name: x\nservices:\n  a: {image: i, container_name: xy}\n  b: {image: i, container_name: xy}\n";
    let (loaded, _) = json(&[("compose.yaml", text)]);
    assert!(!loaded.is_refused());
    assert_eq!(loaded.json.as_ref().unwrap()["services"]["b"]["container_name"], "xy");
    let said: Vec<&str> = loaded.project.problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(said, ["`b` does not start: the name `xy` is taken by `a`"]);
}

#[test]
fn what_compose_makes_of_odd_values() {
    for (body, refused) in [
        ("extra_hosts: [\"a:b=1\"]", true),
        ("extra_hosts: {\"a=b\": \"1\"}", true),
        ("extra_hosts: [\"a:1\", \"b=::1\"]", false),
        ("env_file: [{path: e, format: foo, required: false}]", true),
        ("env_file: [{path: e, format: raw, required: false}]", false),
        ("build: {context: ., no_cache: \"maybe\"}", true),
        ("build: {context: ., no_cache: \"yes\"}", false),
        ("blkio_config: {weight: \"300\"}", true),
        ("blkio_config: {weight: 300}", false),
        ("devices: [{source: /dev/a}]", true),
        ("devices: [{source: /dev/a, target: /dev/b}]", false),
        ("expose: [80.5]", true),
        ("deploy: {resources: {limits: {pids: many}}}", true),
        ("volumes: [{type: tmpfs, target: /t, tmpfs: {mode: \"1777\"}}]", true),
        ("mem_limit: 1kbb", true),
        ("mem_limit: 1e3", false),
        ("stop_grace_period: 9999999w", true),
        ("labels: {a: 2001-01-01}", false),
        ("hostname: 2001-01-01", true),
        ("labels: {a: .inf}", true),
        ("command: [.nan]", true),
        ("labels: {<<: {a: .inf}, a: 1}", false),
        ("labels: {a: !mine .inf}", false),
        ("pid: 2001-01-01", true),
        ("volumes: [{type: bind, source: /a, target: /b, bind: {create_host_path: 2001-01-01}}]", true),
        ("cpus: 0x1p-1", false),
        ("networks: {x-a: {}}", true),
        ("cpus: \"inf\"", true),
        ("ulimits: {nofile: 1.0}", true),
        ("ulimits: {nofile: \"1\"}", false),
        ("build: {context: ., ulimits: {nofile: \"1\"}}", true),
        ("build: {context: ., additional_contexts: {a: }}", true),
        ("build: {context: ., secrets: [{source: s, mode: a}]}", true),
        ("group_add: [\"1\", 1]", true),
        ("secrets: [{target: t}]", true),
        ("label_file: \"\"", true),
        ("pid: ", true),
        ("tty: 2001-01-01", true),
        ("blkio_config: {device_read_bps: [{path: /a, rate: much}]}", true),
        ("blkio_config: {weight: -1}", true),
        ("healthcheck: {test: a, retries: 1.5}", false),
        ("gpus: [{count: 1.0}]", true),
        ("ports: [{target: 80, published: 80.0}]", true),
        ("post_start: [{command: a, privileged: \"maybe\"}]", true),
        ("env_file: [{path: e, required: \"no\"}]", false),
        ("env_file: [{path: e, required: \"maybe\"}]", true),
        ("storage_opt: {a: true}", true),
        ("environment: {A: !!int x}", true),
        ("hostname: !mine 1", false),
        ("profiles: [\"\"]\n    image: \"\"", true),
        ("command:\n    -\ta", true),
        ("command: |\n      a\n      \tb", false),
        ("command: \"a\\/b\"", true),
        ("hostname: a\u{2028}b", true),
        ("hostname: \"a\u{2028}b\"", false),
        ("command: [a\u{85}, b]", false),
        ("# a\u{2028}\n    tty: true", false),
        ("# a\u{2028}    tty: true", true),
        ("ports: [\"80:80/tcp/udp\"]", true),
        ("ports: [\"0\"]", true),
        ("hostname: 1e400", false),
        ("hostname: !<tag:yaml.org,2002:str> 1", false),
        ("env_file: [{path: e, format: foo}]\n    profiles: [p]", false),
    ] {
        let text = format!("name: x\nservices:\n  a:\n    image: i\n    {body}\nnetworks: {{x-a: {{}}}}\n");
        let (loaded, _) = json(&[("compose.yaml", &text)]);
        assert_eq!(loaded.is_refused(), refused, "{body}: {:?}", loaded.project.problems);
    }
    let base =
        "name: x\nservices:\n  a: {image: i, build: ., logging: {driver: local}, depends_on: [b], environment: {Z: 1}}\n  b: {image: i}\n";
    for (over, refused) in [
        ("logging:", true),
        ("logging: {driver: }", true),
        ("build: 5", false),
        ("build: [a]", false),
        ("depends_on: b", false),
        ("networks: a", true),
        ("environment: !override {A: 1, B: !reset null}", false),
    ] {
        let over = format!("services:\n  a:\n    {over}\n");
        let (loaded, _) = json(&[("compose.yaml", base), ("compose.override.yaml", &over)]);
        assert_eq!(loaded.is_refused(), refused, "{over}: {:?}", loaded.project.problems);
    }
    for (base, over, refused) in [
        ("name: x", "services:", true),
        ("name: é", "services: {}", true),
        ("name: é", "name: x", false),
        ("name: x", "name: ${U}", true),
        ("name: ${U}", "name: x", false),
        ("x-a: &a {restart: always}\nservices: {a: {image: i}}\n---\nservices: {a: {<<: *a}}", "", false),
        ("x-a: 1\nservices: {a: {image: i}}\n---\nservices: {a: {<<: *a}}", "", true),
        ("services: {a: {ulimits: {nofile: 1.0}}}", "services: {a: {ulimits: {nofile: 1}}}", true),
    ] {
        let base = match base.starts_with("name") {
            true => format!("{base}\nservices: {{a: {{image: i}}}}\n"),
            false if base.contains("---") => format!("{base}\n"),
            false => format!("name: x\n{}\n", base.replace("{a: {", "{a: {image: i, ")),
        };
        let (loaded, _) = json(&[("compose.yaml", &base), ("compose.override.yaml", &format!("{over}\n"))]);
        assert_eq!(loaded.is_refused(), refused, "{base}{over}: {:?}", loaded.project.problems);
    }
    let nested = "services:\n  a:\n    environment: !override {A: 1, B: !reset null}\n";
    let (loaded, _) = json(&[("compose.yaml", base), ("compose.override.yaml", nested)]);
    assert_eq!(loaded.json.expect("asked for")["services"]["a"]["environment"], serde_json::json!({"A": "1", "B": "null"}));
}
