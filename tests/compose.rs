//! Compose files, from text to the typed project.

use stacklint::compose::{Loaded, Request, Role, classify, load, overlay_base};
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
