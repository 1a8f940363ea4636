//! Plans of small projects held in memory, and of the fixture stacks.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use stacklint::files::{Disk, Files, Memory};
use stacklint::plan::load::{LoadError, Request, load};
use stacklint::plan::{self, ContextSize};
use stacklint::source::Sources;

const SHARED: &str = "services:
  web:
    build: ./app
    image: master-image
  worker:
    image: master-image
  dashboard:
    build: {context: app, args: {UNUSED: '1'}}
  redis:
    image: redis
";
const APP: &str = "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n";

fn tree(files: &[(&str, &str)]) -> Memory {
    let mut memory = Memory::new();
    for (path, text) in files {
        memory.insert(path, *text);
    }
    memory
}

fn request(services: &[&str]) -> Request {
    let services = services.iter().map(|s| (*s).to_owned()).collect();
    Request { services, root: "/work/shop".to_owned(), platform: "linux/amd64".to_owned(), ..Request::default() }
}

/// The plan in one of its formats, or the problems, as text.
fn planned(files: &dyn Files, request: &Request, format: &str) -> String {
    let mut sources = Sources::new();
    let loaded = match load(request, files, &mut sources) {
        Ok(loaded) => loaded,
        Err(LoadError::Usage(text)) => return format!("usage: {text}\n"),
        Err(LoadError::Problems(problems)) => return told(&problems, &sources),
    };
    match plan::plan(&loaded.input()) {
        Ok(plan) => match format {
            "json" => plan::json(&plan, &sources),
            "dot" => plan::dot(&plan),
            "mermaid" => plan::mermaid(&plan),
            _ => plan::text(
                &plan,
                &sources,
                &BTreeMap::from([(0, ContextSize { files: 4, bytes: 3_100 }), (1, ContextSize { files: 1, bytes: 980 })]),
            ),
        },
        Err(problems) => told(&problems, &sources),
    }
}

fn told(problems: &[plan::Problem], sources: &Sources) -> String {
    let line = |p: &plan::Problem| {
        let place = p.span.map_or_else(String::new, |s| format!("{}:{}: ", sources.path(s.file), sources.line(s)));
        format!("{place}{}{}\n", p.message, p.help.as_ref().map(|h| format!(" ({h})")).unwrap_or_default())
    };
    problems.iter().map(line).collect()
}

fn value(files: &[(&str, &str)], services: &[&str]) -> Value {
    let text = planned(&tree(files), &request(services), "json");
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
}

fn problem(files: &[(&str, &str)], services: &[&str]) -> String {
    planned(&tree(files), &request(services), "json")
}

fn names(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap()).collect()
}

#[test]
fn services_with_one_build_are_one_image() {
    let files = tree(&[("compose.yml", SHARED), ("app/Dockerfile", APP)]);
    insta::assert_snapshot!("shared_json", planned(&files, &request(&[]), "json"));
    insta::assert_snapshot!("shared_text", planned(&files, &request(&[]), "text"));
}

#[test]
fn stacks_read_well() {
    for stack in ["shop", "lanes", "quiz"] {
        let disk = Disk::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stacks").join(stack));
        insta::assert_snapshot!(format!("{stack}_text"), planned(&disk, &request(&[]), "text"));
    }
    let disk = Disk::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stacks/lanes"));
    insta::assert_snapshot!("lanes_dot", planned(&disk, &request(&[]), "dot"));
    insta::assert_snapshot!("lanes_mermaid", planned(&disk, &request(&[]), "mermaid"));
}

#[test]
fn images_wait_for_the_images_that_they_are_made_from() {
    let compose = "services:\n  top: {build: top}\n  base: {build: base, image: 'me/base:latest'}\n  tool: {build: tool, image: me/tool}\n  other: {build: base, image: me/other, platform: linux/amd64}\n";
    let top = "FROM docker.io/me/base\nCOPY --from=me/tool /t /t\nRUN x\n";
    let files =
        [("compose.yml", compose), ("top/Dockerfile", top), ("base/Dockerfile", "FROM a\nRUN b\n"), ("tool/Dockerfile", "FROM a\nRUN t\n")];
    let plan = value(&files, &[]);
    assert_eq!(plan["images"][0]["needs"], json!(["base", "tool"]));
    let steps = plan["steps"].as_array().unwrap();
    assert_eq!(steps[0]["needs"], json!(["base/Dockerfile#0.1", "tool/Dockerfile#0.1"]), "its first step has both to wait for");
    assert_eq!(plan["waves"].as_array().unwrap().len(), 3);
    // What a service is made from is planned along with it.
    assert_eq!(names(&value(&files, &["top"])["images"]), ["top", "base", "tool"]);
    assert_eq!(names(&value(&files, &["tool"])["images"]), ["tool"]);
}

#[test]
fn additional_contexts_are_needs_too() {
    let compose = "services:\n  app:\n    build:\n      context: .\n      additional_contexts: {lib: 'service:lib'}\n  lib: {build: lib}\n";
    let plan = value(
        &[("compose.yml", compose), ("Dockerfile", "FROM a\nCOPY --from=lib /l /l\n"), ("lib/Dockerfile", "FROM a\nRUN l\n")],
        &["app"],
    );
    assert_eq!(plan["images"][0]["needs"], json!(["lib"]));
    assert_eq!(plan["steps"][0]["needs"], json!(["lib/Dockerfile#0.1"]));
}

#[test]
fn only_what_the_target_needs_is_planned() {
    let dockerfile = "FROM a AS base\nRUN base\nFROM base AS test\nRUN test\nFROM b AS tools\nRUN tools\nFROM base AS final\nCOPY --from=tools /t /t\nFROM base\nRUN last\n";
    let mut asked = request(&[]);
    asked.path = Some("Dockerfile".to_owned());
    asked.target = Some("FINAL".to_owned());
    let text = planned(&tree(&[("Dockerfile", dockerfile)]), &asked, "json");
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan["images"][0]["stages"], json!(["Dockerfile#0", "Dockerfile#2", "Dockerfile#3"]));
    let lines: Vec<u64> = plan["steps"].as_array().unwrap().iter().map(|s| s["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [2, 6, 8]);
    assert_eq!(plan["waves"], json!([["Dockerfile#0.1", "Dockerfile#2.1"], ["Dockerfile#3.1"]]));
    assert_eq!(plan["critical_path"], json!(["Dockerfile#0.1", "Dockerfile#3.1"]));
}

#[test]
fn equal_steps_of_several_stages_are_one_step() {
    let dockerfile = "FROM a AS b\nRUN x\nFROM b AS dev\nWORKDIR /w\nENV MODE dev\nRUN build\nFROM b AS prod\nWORKDIR /w\nENV MODE prod\nRUN build\nFROM b AS demo\nWORKDIR /w\nENV MODE prod\nRUN build\n";
    let compose = "services:\n  dev: {build: {context: ., target: dev}}\n  prod: {build: {context: ., target: prod}}\n  demo: {build: {context: ., target: demo}}\n";
    let plan = value(&[("compose.yml", compose), ("Dockerfile", dockerfile)], &[]);
    let instructions: Vec<&str> = plan["steps"].as_array().unwrap().iter().map(|s| s["instruction"].as_str().unwrap()).collect();
    assert_eq!(
        instructions,
        ["RUN x", "WORKDIR /w", "RUN build", "RUN build"],
        "the folder is made once, and prod and demo build the same"
    );
    assert_eq!(plan["stages"][3]["steps"], json!(["Dockerfile#1.1", "Dockerfile#2.2"]));
}

#[test]
fn arguments_make_variants_of_a_stage_only_where_they_matter() {
    let dockerfile = "ARG BASE=a\nFROM $BASE\nARG V=1\nRUN build\n";
    let compose = "services:\n  one: {build: {context: ., args: {V: '1', NOBODY: x}}}\n  same: {build: {context: .}}\n  two: {build: {context: ., args: {V: '2'}}}\n  based: {build: {context: ., args: {BASE: b}}}\n";
    let plan = value(&[("compose.yml", compose), ("Dockerfile", dockerfile)], &[]);
    assert_eq!(names(&plan["images"]), ["one", "two", "based"]);
    assert_eq!(plan["images"][0]["services"], json!(["one", "same"]));
    let stages: Vec<(&str, &str)> =
        plan["stages"].as_array().unwrap().iter().map(|s| (s["id"].as_str().unwrap(), s["base"].as_str().unwrap())).collect();
    assert_eq!(stages, [("Dockerfile#0", "a"), ("Dockerfile#0~2", "a"), ("Dockerfile#0~3", "b")]);
}

#[test]
fn linked_copies_do_not_wait_for_what_stands_above_them() {
    let plan = value(&[("Dockerfile", "FROM a\nRUN x\nCOPY --link y /y\nRUN z\n")], &[]);
    let needs: Vec<&Value> = plan["steps"].as_array().unwrap().iter().map(|s| &s["needs"]).collect();
    assert_eq!(needs, [&json!([]), &json!([]), &json!(["Dockerfile#0.1", "Dockerfile#0.2"])]);
}

#[test]
fn values_of_secret_arguments_are_not_in_a_plan() {
    let compose = "services:\n  a: {build: {context: ., args: {NPM_TOKEN: hush, MODE: fast}}}\n";
    let files = [("compose.yml", compose), ("Dockerfile", "FROM a\nARG NPM_TOKEN\nRUN npm ci --token=$NPM_TOKEN\n")];
    assert_eq!(value(&files, &[])["images"][0]["args"], json!({"MODE": "fast", "NPM_TOKEN": "***"}));
    for format in ["json", "text", "dot", "mermaid"] {
        assert!(!planned(&tree(&files), &request(&[]), format).contains("hush"), "{format}");
    }
}

#[test]
fn arguments_without_a_value_come_from_the_environment() {
    let compose = "services:\n  a:\n    build: {context: ., args: [REVISION, ABSENT]}\n";
    let mut asked = request(&[]);
    asked.env.insert("REVISION".to_owned(), "abc".to_owned());
    asked.build_args.push(("EXTRA".to_owned(), "1".to_owned()));
    let text = planned(&tree(&[("compose.yml", compose), ("Dockerfile", "FROM a\n")]), &asked, "json");
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan["images"][0]["args"], json!({"EXTRA": "1", "REVISION": "abc"}));
}

#[test]
fn an_env_file_that_is_not_there_has_no_part_in_a_build() {
    let files = [("compose.yml", "services:\n  a: {build: ., env_file: secret.env}\n"), ("Dockerfile", "FROM a\nRUN x\n")];
    assert_eq!(names(&value(&files, &[])["images"]), ["a"]);
}

#[test]
fn profiles_and_names_choose_services() {
    let compose = "services:\n  a: {build: .}\n  b: {build: {context: ., target: b}, profiles: [extra]}\n";
    let files = [("compose.yml", compose), ("Dockerfile", "FROM a AS b\nRUN b\nFROM a\nRUN a\n")];
    assert_eq!(names(&value(&files, &[])["images"]), ["a"]);
    assert_eq!(names(&value(&files, &["b"])["images"]), ["b"]);
    let mut asked = request(&[]);
    asked.profiles.push("extra".to_owned());
    let plan: Value = serde_json::from_str(&planned(&tree(&files), &asked, "json")).unwrap();
    assert_eq!(names(&plan["images"]), ["a", "b"]);
    assert_eq!(plan["images"][0]["tags"], json!(["shop-a"]), "an image without a name is called after the project and the service");
}

#[test]
fn what_cannot_be_planned_is_told() {
    let one = "services:\n  web: {build: {context: ., target: prodution}}\n";
    let stages = "FROM a AS production\nRUN x\n";
    let cases: [(&[(&str, &str)], &[&str], &str); 7] = [
        (
            &[("compose.yml", one), ("Dockerfile", stages)],
            &[],
            "compose.yml:2: `web` asks for stage `prodution`, which Dockerfile does not have (did you mean `production`?)\n",
        ),
        (&[("compose.yml", one), ("Dockerfile", stages)], &["wep"], "usage: there is no service `wep`; did you mean `web`?\n"),
        (
            &[("compose.yml", "services:\n  web: {build: .}\n")],
            &[],
            "compose.yml:2: `web` is built from Dockerfile: no such file or folder (write the Dockerfile, or let `dockerfile:` name it from the context .)\n",
        ),
        (
            &[("compose.yml", "services:\n  web: {build: {context: src, dockerfile: ../Dockerfile}}\n"), ("Dockerfile", stages)],
            &[],
            "compose.yml:2: `web` is built in src, which is not there\n",
        ),
        (
            &[
                ("compose.yml", "services:\n  a: {build: a, image: a}\n  b: {build: b, image: b}\n"),
                ("a/Dockerfile", "FROM b\nRUN x\n"),
                ("b/Dockerfile", "FROM a\nRUN x\n"),
            ],
            &[],
            "these images are made from each other, so none can be built first: a → b → a (break the circle: one of them must be FROM an image that is not built here)\n",
        ),
        (
            &[("readme", "")],
            &[],
            "usage: .: there is no Compose file and no Dockerfile here; name one: `stacklint plan path/to/Dockerfile`\n",
        ),
        (&[("Dockerfile", stages)], &["web"], "usage: web: ./Dockerfile has no services; choose a stage with --target\n"),
    ];
    for (files, services, expected) in cases {
        assert_eq!(problem(files, services), expected.replace("./Dockerfile", "Dockerfile"));
    }
    assert!(problem(&[("Dockerfile", "FROM a\nRUN x\nCOYP a b\n")], &[]).starts_with("Dockerfile:3: "));
}

fn baked(files: &[(&str, &str)], request: &Request) -> String {
    let mut sources = Sources::new();
    match plan::bake::bake(request, plan::bake::Options::default(), &tree(files), &mut sources) {
        Ok(file) => file,
        Err(LoadError::Usage(text)) => format!("usage: {text}\n"),
        Err(LoadError::Problems(problems)) => told(&problems, &sources),
    }
}

const BAKED: &str = "services:
  base.img:
    build:
      context: ./base
      shm_size: 128m
      ulimits: {nofile: {soft: 1024, hard: 2048}, nproc: 5}
      extra_hosts: ['a:1.1.1.1', 'a:2.2.2.2']
      cache_from: [me/base, 'type=registry,ref=me/base', 'type=local,src=p']
  web:
    image: web:1
    environment: {FROM_ENV: own}
    build:
      context: .
      dockerfile_inline: |
        FROM base
        RUN echo $${HOME}
      args: {FROM_ENV: , OUT: , NONE: , PROJECT: '${COMPOSE_PROJECT_NAME}'}
      additional_contexts: {base: 'service:base.img', sub: ./sub}
      secrets: [tok, var]
      sbom: true
      provenance: mode=max
      network: host
      x-bake: {platforms: linux/arm64, tags: [web:2], no-cache: true, secret: 'id=x,env=Y'}
    deploy: 5
    volumes: ['nowhere:/x']
  cache: {image: redis}
secrets:
  tok: {file: ./tok.txt}
  var: {environment: VAR}
";

#[test]
fn bake_files_hold_what_bake_makes_of_the_project() {
    let mut wanted = request(&["web"]);
    wanted.env.insert("OUT".to_owned(), "outside".to_owned());
    insta::assert_snapshot!("bake", baked(&[("compose.yml", BAKED), ("tok.txt", "x")], &wanted));
}

#[test]
fn bake_files_count_paths_from_the_working_folder() {
    let files = [
        ("sub/compose.yml", "services:\n  a: {build: {context: ./app, args: {V: '${V}'}}}\n"),
        (".env", "V=root\n"),
        ("sub/.env", "V=sub\n"),
    ];
    let mut wanted = Request { compose_files: vec!["sub/compose.yml".to_owned()], ..request(&[]) };
    let target = |wanted: &Request| serde_json::from_str::<Value>(&baked(&files, wanted)).unwrap()["target"]["a"].clone();
    assert_eq!(target(&wanted), json!({"context": "app", "dockerfile": "Dockerfile", "args": {"V": "root"}}));
    wanted.env.insert("BUILDX_BAKE_FILE_RELATIVE_PATHS".to_owned(), "1".to_owned());
    assert_eq!(target(&wanted)["context"], "sub/app");
}

#[test]
fn bake_files_are_refused_where_bake_refuses() {
    let of = |build: &str| {
        baked(&[("compose.yml", &format!("services:\n  a:\n    build: {build}\n  b: {{build: ., image: b}}\n"))], &request(&[]))
    };
    assert_eq!(of("{context: ., foo: bar}").lines().count(), 1, "{}", of("{context: ., foo: bar}"));
    assert!(of("{context: ., additional_contexts: {x: 'service:a'}}").contains("its own image"));
    assert!(of("{context: ., additional_contexts: {x: 'service:zzz'}}").contains("`zzz`"));
    assert!(of("{context: ., ssh: [default]}").contains("SSH_AUTH_SOCK"));
    assert!(of("{context: ., cache_from: ['ref=x']}").contains("has no type"));
    assert!(of("{context: ., platforms: [linux/arm64]}").contains("\"platforms\""));
    assert!(of("git@github.com:a/b.git").contains("SSH_AUTH_SOCK"));
    assert!(of("{context: ., cache_from: ['type=registry,\"ref=a,b\"']}").contains("\"ref\": \"a,b\""));
    assert!(of("{context: ., cache_from: ['type=registry,\"ref=a']}").contains("never closed"));
    let none = baked(&[("compose.yml", BAKED), ("tok.txt", "x")], &request(&["cache"]));
    assert_eq!(none, "usage: no service `cache` is built here; there are: base_img, web\n");
    assert!(baked(&[("compose.yml", BAKED)], &request(&[])).contains("tok.txt is not there"));
    let pulled = baked(&[("compose.yml", "services: {a: {image: redis}}\n")], &request(&["a"]));
    assert_eq!(pulled, "usage: no service `a` is built here; no service has `build:`\n");
}

#[test]
fn of_a_service_bake_reads_the_build_and_what_has_a_short_form() {
    let of = |keys: &str| baked(&[("compose.yml", &format!("services:\n  a:\n    build: .\n    {keys}\n"))], &request(&[]));
    for refused in ["ports: ['x:y']", "ports: 5", "volumes: [5]", "devices: [5]", "secrets: [5]", "depends_on: 5", "gpus: 5"] {
        assert!(!of(refused).starts_with('{'), "{refused}");
    }
    for read in ["deploy: 5", "extra_hosts: [x]", "dns: {a: b}", "networks: [undefined]", "logging: 5", "healthcheck: 5"] {
        assert!(of(read).starts_with('{'), "{read}: {}", of(read));
    }
    assert!(of("platform: linux/arm64\n    image: i").starts_with('{'));
}

#[test]
fn services_whose_names_differ_by_a_dot_are_one_target_of_bake() {
    let files = [("compose.yml", "services:\n  a.b: {build: ., image: one}\n  a_b: {build: ./x, image: two}\n")];
    let file: Value = serde_json::from_str(&baked(&files, &request(&["a.b"]))).unwrap();
    assert_eq!(file["target"], json!({"a_b": {"context": "x", "dockerfile": "Dockerfile", "tags": ["one", "two"]}}));
}
