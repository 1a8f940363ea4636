//! Where the values of the resolved model come from.

use stacklint::compose::{Explained, Request, explain, load};
use stacklint::files::Memory;
use stacklint::source::Sources;

const BASE: &str = "\
name: shop
include: [sub/compose.yaml]
x-env: &env
  DEBUG: \"1\"
  LOG: info
x-base: &base
  restart: always
  environment:
    <<: *env
services:
  web:
    <<: *base
    extends: {file: common.yaml, service: common}
    image: \"nginx:${TAG:-1.27}\"
    ports: [\"127.0.0.1:8080:80\"]
    environment:
      <<: *env
      DB_PASSWORD: Xk29sLqP0z
      HOST: ${HOST_NAME}
      BARE:
    env_file: a.env
    tty: false
    labels: {com.example.a: b}
  debug:
    image: x
    profiles: [p]
";

const OVER: &str = "services:\n  web:\n    environment:\n      - DEBUG=0\n    hostname: h2\n    restart: !reset null\n";

const FILES: &[(&str, &str)] = &[
    ("compose.yaml", BASE),
    ("compose.override.yaml", OVER),
    ("common.yaml", "services:\n  common:\n    image: old\n    hostname: h\n    ports: !override [\"1:1\"]\n"),
    ("sub/compose.yaml", "services:\n  inc:\n    image: \"i:${V:-1}\"\n"),
    ("sub/.env", "V=7\n"),
    ("a.env", "DEBUG=file\nONLY=1\n"),
    (".env", "# c\nHOST_NAME=abc\nBARE=z\n"),
];

fn explained(path: &str) -> (Explained, Sources) {
    let mut memory = Memory::new();
    for (path, text) in FILES {
        memory.insert(path, text.as_bytes());
    }
    let mut sources = Sources::new();
    let request = Request {
        files: vec!["compose.yaml".to_owned(), "compose.override.yaml".to_owned()],
        canonical: true,
        root: "/project".to_owned(),
        explain: Some(path.to_owned()),
        ..Request::default()
    };
    let loaded = load(&request, &memory, &mut sources);
    assert!(!loaded.is_refused(), "{:?}", loaded.project.problems);
    (loaded.explained.expect("asked for"), sources)
}

fn text(path: &str) -> String {
    let (explained, sources) = explained(path);
    let Explained::Found(all) = explained else { panic!("{path}: {explained:?}") };
    explain::text(&all, &sources, &|path, _| path.ends_with("PASSWORD"))
}

#[test]
fn every_text_that_had_a_say_is_listed_in_order() {
    for (path, expected) in [
        (
            "services.web.environment.DEBUG",
            "services.web.environment.DEBUG: \"0\"
  a.env:1:1                  \"file\"  by `env_file` at compose.yaml:21:15
  compose.yaml:4:10          \"1\"  by `*env` at compose.yaml:9:9, by `*base` at compose.yaml:12:9
  compose.yaml:4:3           \"1\"  by `*env` at compose.yaml:17:11
  compose.override.yaml:4:9  \"0\"  ← wins\n",
        ),
        (
            "services.web.hostname",
            "services.web.hostname: \"h2\"
  common.yaml:4:15            \"h\"  by `extends` at compose.yaml:13:14
  compose.override.yaml:5:15  \"h2\"  ← wins\n",
        ),
        (
            "services.inc.image",
            "services.inc.image: \"i:7\"
  sub/compose.yaml:3:12  by `include` at compose.yaml:2:11
      `i:${V:-1}`: V is set at sub/.env:1:1\n",
        ),
        (
            "services.web.image",
            "services.web.image: \"nginx:1.27\"
  common.yaml:3:12    \"old\"  by `extends` at compose.yaml:13:14
  compose.yaml:14:12  \"nginx:1.27\"  ← wins
      `nginx:${TAG:-1.27}`: TAG is set nowhere\n",
        ),
        ("services.web.environment.BARE", "services.web.environment.BARE: \"z\"\n  compose.yaml:20:7\n      BARE is set at .env:3:1\n"),
        ("services.web.environment.ONLY", "services.web.environment.ONLY: \"1\"\n  a.env:2:1  by `env_file` at compose.yaml:21:15\n"),
        ("services.web.environment.DB_PASSWORD", "services.web.environment.DB_PASSWORD: ••••••\n  compose.yaml:18:7\n"),
        (
            "services.web.ports[1]",
            "services.web.ports.1.mode: \"ingress\"
  Compose itself  added where nothing else is said

services.web.ports.1.host_ip: \"127.0.0.1\"
  compose.yaml:15:13  out of `\"127.0.0.1:8080:80\"`

services.web.ports.1.target: 80
  compose.yaml:15:13  out of `\"127.0.0.1:8080:80\"`

services.web.ports.1.published: \"8080\"
  compose.yaml:15:13  out of `\"127.0.0.1:8080:80\"`

services.web.ports.1.protocol: \"tcp\"
  Compose itself  added where nothing else is said\n",
        ),
        (
            "services.web.restart",
            "services.web.restart: taken away
  compose.yaml:7:12  by `*base` at compose.yaml:12:9  taken away at compose.override.yaml:6:21\n",
        ),
        ("services.web.labels.com.example.a", "services.web.labels.com.example.a: \"b\"\n  compose.yaml:23:29\n"),
        ("services.web.tty", "services.web.tty: false\n  compose.yaml:22:10\n"),
        ("name", "name: \"shop\"\n  compose.yaml:1:7\n"),
        ("networks.default.name", "networks.default.name: \"shop_default\"\n  Compose itself  added where nothing else is said\n"),
    ] {
        assert_eq!(text(path), expected, "{path}");
    }
}

#[test]
fn a_path_above_values_explains_all_of_them() {
    let all = text("services.web");
    for path in ["image", "ports.0.target", "environment.LOG", "labels.com.example.a", "env_file.0.path", "networks.default"] {
        assert!(all.contains(&format!("services.web.{path}: ")), "{path} in\n{all}");
    }
}

#[test]
fn unknown_paths_say_what_was_meant() {
    for (path, expected) in [
        ("services.web.imgae", (Some("services.web.image"), false)),
        ("servces", (Some("services"), false)),
        ("services.wob.image", (Some("services.web"), false)),
        ("services.debug.image", (None, true)),
        ("services.web.ports.9", (None, false)),
    ] {
        let (explained, _) = explained(path);
        let Explained::Unknown { nearest, inactive, .. } = explained else { panic!("{path}: {explained:?}") };
        assert_eq!((nearest.as_deref(), inactive), expected, "{path}");
    }
}

#[test]
fn programs_get_places_and_no_secrets() {
    let (explained, sources) = explained("services.web.environment");
    let Explained::Found(all) = explained else { panic!("{explained:?}") };
    let printed = explain::json("services.web.environment", &all, &sources, &|path, _| path.ends_with("PASSWORD"));
    assert!(!printed.contains("Xk29sLqP0z"));
    let json: serde_json::Value = serde_json::from_str(&printed).expect("it is JSON");
    let values = json["values"].as_array().expect("a list");
    let of = |name: &str| values.iter().find(|v| v["path"] == format!("services.web.environment.{name}")).expect("explained");
    assert_eq!((&of("DB_PASSWORD")["value"], &of("DB_PASSWORD")["secret"]), (&serde_json::Value::Null, &true.into()));
    let host = &of("HOST")["contributions"][0];
    assert_eq!((&host["raw"], &host["wins"], &host["range"]["start"]["line"]), (&"${HOST_NAME}".into(), &true.into(), &19.into()));
    assert_eq!((&host["variables"][0]["source"], &host["variables"][0]["file"]), (&"env-file".into(), &".env".into()));
    let wins: Vec<_> = of("DEBUG")["contributions"].as_array().expect("a list").iter().map(|c| c["wins"] == true).collect();
    assert_eq!(wins, [false, false, false, true]);
}
