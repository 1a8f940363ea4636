//! How fast files are read, and a stack is checked: `cargo bench`. The files are those below `fixtures/`, or below the folder
//! that the environment variable `STACKLINT_BENCH` names.

use std::path::{Path, PathBuf};

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use stacklint::files::{Disk, Memory};
use stacklint::rule::{Selection, SelectionRequest, registry};
use stacklint::source::{SourceFile, Sources};
use stacklint::stack::{self, Candidate, Request};
use stacklint::syntax::{dockerfile, yaml};
use stacklint::{check, discover};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

fn folder() -> PathBuf {
    std::env::var_os("STACKLINT_BENCH").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"), PathBuf::from)
}

/// Everything below the folder that may belong to a stack.
fn candidates() -> Vec<Candidate> {
    discover::find(&[folder().to_string_lossy().into_owned()], &|_| false).candidates
}

/// The texts of the folder whose names say what they are.
fn texts(wanted: fn(&str) -> bool) -> Sources {
    let mut sources = Sources::new();
    for candidate in candidates().iter().filter(|c| wanted(&c.path)) {
        if let Ok(bytes) = std::fs::read(&candidate.path) {
            sources.add_bytes(&candidate.path, bytes);
        }
    }
    sources
}

fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.contains("Dockerfile") || name.ends_with(".docker")
}

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

fn parse<T>(bencher: Bencher<'_, '_>, wanted: fn(&str) -> bool, read: fn(&SourceFile) -> T) {
    let sources = texts(wanted);
    let bytes: usize = sources.iter().map(|s| s.text.len()).sum();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| sources.iter().map(read).collect::<Vec<T>>());
}

#[divan::bench]
fn parse_dockerfiles(bencher: Bencher<'_, '_>) {
    parse(bencher, is_dockerfile, dockerfile::parse);
}

#[divan::bench]
fn parse_yaml(bencher: Bencher<'_, '_>) {
    parse(bencher, is_yaml, yaml::parse);
}

/// All files of the folder as one stack: reading, resolving, all recommended rules.
#[divan::bench(sample_count = 20)]
fn check_folder(bencher: Bencher<'_, '_>) {
    let request = Request { candidates: candidates(), ..Request::default() };
    let Ok(selection) = Selection::resolve(&SelectionRequest::default(), registry()) else { return };
    let disk = Disk::new(".");
    bencher.counter(ItemsCount::new(request.candidates.len())).bench_local(|| check::run(&stack::load(&request, &disk), &selection));
}

/// What an editor asks for after each key: the file with one value changed, read and checked again.
fn edit(bencher: Bencher<'_, '_>, path: &str, text: &str) {
    let request = Request { candidates: vec![Candidate { path: path.to_owned(), explicit: true, size: None }], ..Request::default() };
    let Ok(selection) = Selection::resolve(&SelectionRequest::default(), registry()) else { return };
    let mut typed = 0;
    bencher
        .with_inputs(|| {
            typed += 1;
            let mut files = Memory::new();
            files.insert(path, text.replace("EDITED", &typed.to_string()));
            files
        })
        .bench_local_values(|files| check::run(&stack::load(&request, &files), &selection));
}

#[divan::bench]
fn edit_of_a_compose_file_of_500_lines(bencher: Bencher<'_, '_>) {
    let mut text = "name: shop\nservices:\n".to_owned();
    for n in 0..33 {
        text.push_str(&format!(
            "  web{n}:
    image: registry.example.net/shop/web{n}:1.{n}
    restart: unless-stopped
    environment:
      DATABASE_URL: postgres://db{n}/shop
      LOG_LEVEL: ${{LOG_LEVEL:-info}}
      WORKERS: \"EDITED\"
    ports:
      - \"127.0.0.1:{}:8080\"
    volumes:
      - data{n}:/var/lib/shop
    depends_on:
      - web{}
    healthcheck:
      test: [CMD, curl, -f, http://localhost:8080/health]
",
            8000 + n,
            (n + 32) % 33
        ));
    }
    edit(bencher, "compose.yaml", &text);
}

#[divan::bench]
fn edit_of_a_dockerfile_of_500_lines(bencher: Bencher<'_, '_>) {
    let mut text = "FROM debian:12.7-slim AS base\n".to_owned();
    for n in 0..50 {
        text.push_str(&format!(
            "
FROM base AS stage{n}
ARG VERSION=1.{n}.EDITED
ENV HOME=/home/app \\
    LEVEL=info
WORKDIR /srv/app{n}
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates=2023* curl=7.* \\
    && curl -fsSL https://example.net/tool-${{VERSION}}.tar.gz | tar -xz -C /opt \\
    && rm -rf /var/lib/apt/lists/*
COPY package.json ./
"
        ));
    }
    edit(bencher, "Dockerfile", &text);
}
