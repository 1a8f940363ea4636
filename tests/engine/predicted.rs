//! What a plan predicts, against what the engine does: a stack of three services, edited forty times in a row.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use super::docker::{engine, stacklint};

const COMPOSE: &str = "services:
  api:
    build: {context: api, args: {VERSION: '1'}}
  worker:
    build: {context: api, target: deps}
  web:
    build: web
";

const API: &str = "FROM python:3.12-slim AS base
RUN echo SALT > /salt
ENV LEVEL=info
WORKDIR /srv

FROM base AS deps
COPY requirements.txt .
RUN pip install -r requirements.txt && cat requirements.txt > /venv

FROM base
ARG VERSION=dev
COPY --from=deps /venv /venv
COPY app ./app
RUN cat app/*.py > /compiled
USER 1000
CMD [\"python\", \"app/main.py\"]
";

const WEB: &str = "FROM node:18-alpine3.14 AS build
RUN echo SALT > /web
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci && cat package-lock.json > modules
COPY . .
RUN cat src/*.js > bundle.js

FROM nginx:latest
RUN echo SALT > /nginx
COPY --from=build /app/bundle.js /usr/share/bundle.js
COPY nginx.conf /etc/nginx.conf
";

/// One edit: a file, what is replaced in it, and by what. A file that is not there is made, an empty result removes it;
/// `+x` and `-x` change permissions, `touch` only the time.
type Edit = (&'static str, &'static str, &'static str);

const EDITS: [&[Edit]; 40] = [
    &[("README.md", "", "outside of every context")],
    &[("api/app/main.py", "one", "two!")],
    &[("api/app/main.py", "touch", "")],
    &[("web/src/index.js", "one", "two!")],
    &[("web/README.md", "", "ignored")],
    &[("web/docs/README.md", "", "not ignored")],
    &[("api/README.md", "", "not copied")],
    &[("api/requirements.txt", "flask", "flask==3")],
    &[("api/requirements.txt", "flask==3", "flask")],
    &[("web/package-lock.json", "{}", "{\"a\": 1}")],
    &[("web/nginx.conf", "80", "8080")],
    &[("api/app/main.py", "+x", "")],
    &[("api/app/main.py", "-x", "")],
    &[("api/app/new.py", "", "new")],
    &[("api/app/new.py", "new", "")],
    &[("api/Dockerfile", "USER 1000\n", "USER 1001\n")],
    &[("api/Dockerfile", "CMD [\"python\"", "CMD [\"python3\"")],
    &[("api/Dockerfile", "FROM base\n", "# the image\nFROM base\n")],
    &[("api/Dockerfile", "LEVEL=info", "LEVEL=debug")],
    &[("api/Dockerfile", "COPY app ./app", "COPY ./app/ ./app")],
    &[("api/Dockerfile", "COPY ./app/ ./app", "COPY app ./app/")],
    &[("api/Dockerfile", "RUN cat app/*.py > /compiled", "RUN cat  app/*.py > /compiled")],
    &[("api/Dockerfile", "RUN cat  app", "run cat \\\n app")],
    &[("compose.yaml", "VERSION: '1'", "VERSION: '2'")],
    &[("compose.yaml", "args: {VERSION: '2'}", "args: {VERSION: '2', UNUSED: '1'}")],
    &[("api/Dockerfile", "ARG VERSION=dev", "ARG VERSION=prod")],
    &[("api/Dockerfile", "ENV LEVEL=debug\n", "LABEL a=b\nENV LEVEL=debug\n")],
    &[("api/Dockerfile", "WORKDIR /srv\n\nFROM base AS deps", "WORKDIR /srv\nWORKDIR /srv\n\nFROM base AS deps")],
    &[
        ("api/Dockerfile", "AS deps", "AS deps2"),
        ("api/Dockerfile", "--from=deps ", "--from=deps2 "),
        ("compose.yaml", "target: deps", "target: deps2"),
    ],
    &[("api/Dockerfile", "WORKDIR /srv\nWORKDIR /srv\n", "WORKDIR /srv\n")],
    &[("web/.dockerignore", "*.md", "*.md\ntest")],
    &[("web/test/a.js", "", "ignored now")],
    &[("web/Dockerfile", "RUN cat src/*.js > bundle.js", "RUN cat src/*.js | cat > bundle.js")],
    &[("web/Dockerfile", "COPY nginx.conf /etc/nginx.conf", "COPY nginx.conf /etc/nginx/")],
    &[("web/Dockerfile", "COPY nginx.conf", "COPY --chown=1:1 nginx.conf")],
    &[("web/Dockerfile", "COPY --chown=1:1 nginx.conf", "COPY --chown=1:1 nginx.con*")],
    &[("web/package.json", "{}", "{ }")],
    &[("web/src/b.js", "", "b")],
    &[("web/src/empty", "mkdir", "")],
    &[("web/Dockerfile", "AS build", "AS builder"), ("web/Dockerfile", "--from=build ", "--from=builder ")],
];

fn edit(dir: &Path, (file, from, to): Edit) {
    let path = dir.join(file);
    let mode = |bits| fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
    match from {
        "+x" => return mode(0o755),
        "-x" => return mode(0o644),
        "mkdir" => return fs::create_dir_all(&path).unwrap(),
        _ => {}
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let old = fs::read_to_string(&path).unwrap_or_default();
    assert!(from == "touch" || old.contains(from), "{file}: {from}");
    match (from, to) {
        ("touch", _) => fs::write(&path, old).unwrap(),
        ("", text) => fs::write(&path, text).unwrap(),
        (_, "") if old == from => fs::remove_file(&path).unwrap(),
        _ => fs::write(&path, old.replace(from, to)).unwrap(),
    }
}

/// A step's place: the Dockerfile and the line.
type Place = (String, u64);

/// What the plan says: cached, not, or nothing.
fn predicted(dir: &Path) -> BTreeMap<Place, (Option<bool>, String)> {
    let ran = stacklint(dir, &["plan", "--format=json"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let plan: Value = serde_json::from_str(&ran.out).unwrap();
    let step = |step: &Value| {
        let place = (step["file"].as_str().unwrap().to_owned(), step["line"].as_u64().unwrap());
        (place, (step["cached"].as_bool(), format!("{} {}", step["instruction"], step["cause"]["message"])))
    };
    plan["steps"].as_array().unwrap().iter().map(step).collect()
}

/// What the engine did: whether a step was found in the cache.
fn real(dir: &Path) -> BTreeMap<Place, bool> {
    let ran = stacklint(dir, &["plan", "--execute", "--allow-findings", "--builder=buildkit", "--progress=json"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let events = ran.events();
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    let mut steps = BTreeMap::new();
    for event in &events {
        let Some(id) = event["step"].as_str() else { continue };
        if let (Some(file), Some(line)) = (event["file"].as_str(), event["line"].as_u64()) {
            places.insert(id.to_owned(), (file.to_owned(), line));
        }
        let Some(place) = places.get(id) else { continue };
        match event["event"].as_str() {
            Some("cached") => {
                steps.entry(place.clone()).or_insert(true);
            }
            Some("done") => {
                steps.insert(place.clone(), false);
            }
            _ => {}
        }
    }
    steps
}

#[test]
fn forty_edits_run_what_was_predicted() {
    let Some(docker) = engine() else { return };
    let dir = docker.dir.path().join("stacklint-test-edits");
    // The engine keeps what earlier tests have built, and must not find it here.
    let salt = format!("{}-{:?}", std::process::id(), std::time::SystemTime::now());
    for (file, text) in [
        ("compose.yaml", COMPOSE.to_owned()),
        ("api/Dockerfile", API.replace("SALT", &format!("'{salt}'"))),
        ("api/requirements.txt", "flask".to_owned()),
        ("api/app/main.py", "one".to_owned()),
        ("web/Dockerfile", WEB.replace("SALT", &format!("'{salt}'"))),
        ("web/.dockerignore", "Dockerfile\n.dockerignore\n*.md".to_owned()),
        ("web/package.json", "{}".to_owned()),
        ("web/package-lock.json", "{}".to_owned()),
        ("web/src/index.js", "one".to_owned()),
        ("web/nginx.conf", "80".to_owned()),
    ] {
        fs::create_dir_all(dir.join(file).parent().unwrap()).unwrap();
        fs::write(dir.join(file), text).unwrap();
    }
    real(&dir);
    let (mut wrong, mut steps, mut open) = (Vec::new(), 0, 0);
    for (n, one) in EDITS.into_iter().enumerate() {
        one.iter().for_each(|change| edit(&dir, *change));
        let (predicted, real) = (predicted(&dir), real(&dir));
        for (place, cached) in &real {
            let Some((said, what)) = predicted.get(place) else { continue };
            steps += 1;
            open += usize::from(said.is_none());
            eprintln!("{:>2} {:<28} {}:{:<3} predicted {said:?}, real {cached}", n + 1, one[0].0, place.0, place.1);
            if said.is_some_and(|said| said != *cached) {
                wrong.push(format!("edit {} ({one:?}): {}:{} {what}: predicted {said:?}, real {cached}", n + 1, place.0, place.1));
            }
        }
    }
    eprintln!("{steps} steps, {open} of them depend on another stage's output, {} wrong", wrong.len());
    assert!(steps > 400, "every edit is compared step by step: {steps}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
