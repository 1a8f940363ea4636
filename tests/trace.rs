//! `stacklint trace`: what becomes of a line, in a stack that has all the layers.

use std::process::Command;

use stacklint::files::Memory;
use stacklint::quoting::Outcome;
use stacklint::report::Style;
use stacklint::source::Span;
use stacklint::stack::{self, Candidate, Stack};
use stacklint::trace::{self, Failure, Request};

const COMPOSE: &str = r#"services:
  site:
    build:
      context: .
      args:
        RELEASE: "7"
    environment:
      DOMAIN: ${DOMAIN}
      DB_PASSWORD: tr0ub4dor
      GREETING: it's a $$ sign
  batch:
    build: .
    environment:
      DOMAIN: batch.example.org
  worker:
    image: debian:12
    environment:
      QUEUE: fast
    command: work --queue $QUEUE && echo ready
  beat:
    image: debian:12
    entrypoint: ["/bin/sh", "-c"]
    command:
      - |
        echo $$QUEUE ${QUEUE}
        exec beat --every "$${EVERY:-5} s" --password=$DB_PASSWORD
    healthcheck:
      test: pgrep beat || exit 1
"#;

const DOTENV: &str = "DOMAIN=example.org\nDB_PASSWORD=tr0ub4dor\n";

const DOCKERFILE: &str = r#"FROM debian:12
ARG RELEASE
ARG TOKEN
ENV NAMES='$DOMAIN' HOME_DIR=/srv/$RELEASE
WORKDIR $HOME_DIR/${SUB:-site}
RUN sed -e "s/^x$/$RELEASE/" -e 's/$/;/' in > out && \
    awk -F: '{print $1}' "$UNSET" | sort
COPY <<EOF /etc/motd
release $RELEASE of \$RELEASE
EOF
RUN <<-EOT
	for f in a b; do
		bash -c "x=$f; echo $x '\$f'"
	done
	[ -n "$TOKEN" ] || export TOKEN=none
	curl -H "token: $TOKEN" https://example.org
EOT
COPY start.sh site.template /
HEALTHCHECK CMD curl -fs http://localhost/$DOMAIN || exit 1
ENTRYPOINT ["/bin/sh", "/start.sh"]
CMD /bin/bash -c "envsubst '$NAMES' < /site.template > /tmp/site.conf && cat /tmp/site.conf"
"#;

const START: &str = r#"#!/bin/sh
set -e
# run what is given
PORT="${PORT:-80}"
if [ -n "$DEBUG" ]; then PORT=8080; fi
trap 'echo "$PORT" closed' EXIT
echo "listening on $PORT as $USER_NAME, password $DB_PASSWORD"
su www -c "cd ~; echo '$DOMAIN'; serve $1"
exec "$@"
"#;

const TEMPLATE: &str = "server_name $DOMAIN;\ntry_files $uri /index.html;\n";

fn stack(dockerfile: &str) -> Stack {
    let mut files = Memory::new();
    let all = [("compose.yaml", COMPOSE), (".env", DOTENV), ("Dockerfile", dockerfile), ("start.sh", START), ("site.template", TEMPLATE)];
    for (path, text) in all {
        files.insert(path, text.as_bytes().to_vec());
    }
    let candidates = ["Dockerfile", "compose.yaml"].map(|path| Candidate { path: path.to_owned(), explicit: false, size: None });
    stack::load(&stack::Request { candidates: candidates.into(), ..stack::Request::default() }, &files)
}

fn request<'a>(path: &'a str, line: usize) -> Request<'a> {
    Request { path, line, column: None, service: None, env_files: &[], env: &[], is_secret: &is_secret }
}

fn is_secret(name: &str, _: Option<Span>) -> bool {
    name.contains("PASSWORD") || name.contains("TOKEN")
}

/// Traces several lines, one after the other.
fn lines(places: &[(&str, usize)]) -> String {
    let stack = stack(DOCKERFILE);
    let mut out = String::new();
    for (path, line) in places {
        let traced = trace::trace(&stack, &request(path, *line)).unwrap();
        out.push_str(&format!("──── {path}:{line}\n{}\n", trace::text(&traced, &stack.sources, &Style::default())));
    }
    assert!(!out.contains("tr0ub4dor"), "{out}");
    let wide: Vec<&str> = out.lines().filter(|l| l.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:?}");
    out
}

#[test]
fn lines_that_the_builder_expands() {
    insta::assert_snapshot!(lines(&[("Dockerfile", 4), ("Dockerfile", 5), ("Dockerfile", 9), ("Dockerfile", 1)]));
}

#[test]
fn lines_that_a_shell_expands_while_the_image_is_built() {
    insta::assert_snapshot!(lines(&[("Dockerfile", 6), ("Dockerfile", 7), ("Dockerfile", 13), ("Dockerfile", 16)]));
}

#[test]
fn lines_that_a_container_runs() {
    let places = [("Dockerfile", 19), ("Dockerfile", 20), ("Dockerfile", 21), ("site.template", 1), ("site.template", 2)];
    insta::assert_snapshot!(lines(&places));
}

#[test]
fn lines_of_a_compose_file() {
    let places = [6, 8, 9, 10, 19, 22, 23, 26, 28].map(|line| ("compose.yaml", line));
    insta::assert_snapshot!(lines(&places));
}

#[test]
fn lines_of_a_script_that_is_started() {
    let places = [4, 6, 7, 8, 9].map(|line| ("start.sh", line));
    insta::assert_snapshot!(lines(&places));
}

#[test]
fn a_service_a_column_and_variables_are_heeded() {
    let stack = stack(DOCKERFILE);
    let shown = |traced: &trace::Trace| trace::text(traced, &stack.sources, &Style::default());
    let env = [("QUEUE".to_owned(), "slow".to_owned())];
    let all = trace::trace(&stack, &request("Dockerfile", 19)).unwrap();
    assert_eq!(all.views.iter().map(|v| v.services.join(" ")).collect::<Vec<_>>(), ["site", "batch"]);
    let one = trace::trace(&stack, &Request { service: Some("batch"), ..request("Dockerfile", 19) }).unwrap();
    assert_eq!(one.views.len(), 1);
    assert!(shown(&one).contains("http://localhost/batch.example.org"), "{}", shown(&one));
    let given = trace::trace(&stack, &Request { env: &env, ..request("compose.yaml", 19) }).unwrap();
    assert!(shown(&given).contains("becomes slow (--env)") && shown(&given).contains("work  --queue  slow"), "{}", shown(&given));
    let part = trace::trace(&stack, &Request { column: Some(30), ..request("Dockerfile", 7) }).unwrap();
    assert!(shown(&part).contains("runs    awk"), "{}", shown(&part));
    let other = trace::trace(&stack, &Request { service: Some("nobody"), ..request("Dockerfile", 19) });
    assert!(matches!(other, Err(Failure::NoService(names)) if names.contains(&"beat".to_owned())));
    assert_eq!(trace::trace(&stack, &request("Dockerfile", 99)).unwrap_err(), Failure::NoLine(21));
}

#[test]
fn json_says_where_each_substitution_stands() {
    let stack = stack(DOCKERFILE);
    let one = Request { service: Some("site"), ..request("Dockerfile", 19) };
    let traced = trace::trace(&stack, &one).unwrap();
    let value: serde_json::Value = serde_json::from_str(&trace::json(&traced, &stack.sources)).unwrap();
    assert_eq!((value["subject"].as_str(), value["file"].as_str()), (Some("HEALTHCHECK"), Some("Dockerfile")));
    let layers = value["views"][0]["layers"].as_array().unwrap();
    assert_eq!(layers.iter().map(|l| l["kind"].as_str().unwrap()).collect::<Vec<_>>(), ["dockerfile", "shell"]);
    let found = &layers[1]["substitutions"][0];
    assert_eq!(
        (found["name"].as_str(), found["written"].as_str(), found["outcome"].as_str()),
        (Some("DOMAIN"), Some("$DOMAIN"), Some("value"))
    );
    assert_eq!((found["value"].as_str(), found["set_by"]["what"].as_str()), (Some("example.org"), Some("environment")));
    assert_eq!((found["set_by"]["file"].as_str(), found["set_by"]["range"]["start"]["line"].as_u64()), (Some("compose.yaml"), Some(8)));
    let (start, end) = (found["start"].as_u64().unwrap() as usize, found["end"].as_u64().unwrap() as usize);
    let text: Vec<char> = layers[1]["text"].as_str().unwrap().chars().collect();
    assert_eq!(text[start..end].iter().collect::<String>(), "$DOMAIN");
    let offset = found["range"]["start"]["offset"].as_u64().unwrap() as usize;
    assert!(DOCKERFILE[offset..].starts_with("$DOMAIN"));
    let runs = value["views"][0]["runs"].as_array().unwrap();
    let words: Vec<&str> = runs[0]["argv"].as_array().unwrap().iter().map(|w| w["text"].as_str().unwrap()).collect();
    assert_eq!(words, ["curl", "-fs", "http://localhost/example.org"]);
    assert_eq!((runs[1]["join"].as_str(), runs[1]["when"].as_str()), (Some("or"), Some("perhaps")));
}

/// Whatever stands in the files, a trace ends, says something, and shows no secret.
#[test]
fn every_line_can_be_traced() {
    let texts = [
        DOCKERFILE.to_owned(),
        DOCKERFILE.replace('"', "'"),
        DOCKERFILE.replace("EOF", ""),
        DOCKERFILE.replace('$', "${"),
        DOCKERFILE.replace('\n', "\r\n"),
        DOCKERFILE.replace(' ', "\u{a0}é "),
    ];
    for text in texts {
        let stack = stack(&text);
        let files: Vec<(String, usize)> = stack.sources.iter().map(|f| (f.path.clone(), f.line_count())).collect();
        for (path, count) in files {
            for line in 1..=count {
                let traced = trace::trace(&stack, &request(&path, line)).unwrap();
                let printed = trace::text(&traced, &stack.sources, &Style::default()) + &trace::json(&traced, &stack.sources);
                assert!(!trace::text(&traced, &stack.sources, &Style::default()).is_empty(), "{path}:{line}");
                assert!(!printed.contains("tr0ub4dor"), "{path}:{line}: {printed}");
            }
        }
    }
}

#[test]
fn the_command_says_what_it_cannot_find() {
    let folder = tempfile::tempdir().unwrap();
    let all = [("compose.yaml", COMPOSE), ("Dockerfile", DOCKERFILE), ("start.sh", START), ("notes.txt", "$A\n")];
    for (path, text) in all {
        std::fs::write(folder.path().join(path), text).unwrap();
    }
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_stacklint")).arg("trace").args(args).current_dir(folder.path()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    for (args, status, said) in [
        (&["Dockerfile:19"][..], 0, "http://localhost/batch.example.org"),
        (&["./Dockerfile:19:20"], 0, "http://localhost/batch.example.org"),
        (&["Dockerfile:19", "--format", "json"], 0, "\"version\": 1"),
        (&["Dockerfile:18"], 0, "nothing is replaced"),
        (&["start.sh:3"], 0, "comment"),
        (&["notes.txt:1"], 0, "no Dockerfile"),
        (&["Dockerfile:22"], 2, "21 lines"),
        (&["Dockerfile"], 2, "FILE:LINE"),
        (&["Dockerfile:0"], 2, "FILE:LINE"),
        (&["Containerfile:1"], 2, "no such file"),
        (&["Dockerfile:19", "--service", "nobody"], 2, "batch"),
        (&["Dockerfile:19", "--env", "nothing"], 2, "NAME=value"),
    ] {
        let (code, out, err) = run(args);
        assert_eq!(code, status, "{args:?}: {out}{err}");
        assert!(format!("{out}{err}").contains(said), "{args:?}: {out}{err}");
        assert!(!out.contains("tr0ub4dor"), "{args:?}: {out}");
    }
    let (_, out, _) = run(&["start.sh:7", "--service", "site", "--env", "DB_PASSWORD=s3same-open"]);
    assert!(!out.contains("s3same") && out.contains("••••"), "{out}");
}

/// The layers' names, marks and results of a line in a set of files.
fn told(files: &[(&str, &str)], path: &str, line: usize) -> Vec<String> {
    let mut memory = Memory::new();
    for (path, text) in files {
        memory.insert(path, text.as_bytes().to_vec());
    }
    let candidates: Vec<Candidate> =
        files.iter().map(|(path, _)| Candidate { path: (*path).to_owned(), explicit: false, size: None }).collect();
    let stack = stack::load(&stack::Request { candidates, ..stack::Request::default() }, &memory);
    let is_secret = |_: &str, _: Option<Span>| false;
    let request = Request { path, line, column: None, service: None, env_files: &[], env: &[], is_secret: &is_secret };
    let found = trace::trace(&stack, &request).unwrap();
    let mut out = Vec::new();
    for view in &found.views {
        for layer in &view.layers {
            out.push(layer.by.clone());
            out.extend(layer.marks.iter().map(|m| {
                let what = match &m.outcome {
                    Outcome::Known { value, .. } => value.text().to_owned(),
                    Outcome::Empty => "(empty)".to_owned(),
                    Outcome::Unknown(_) => "(unknown)".to_owned(),
                    Outcome::Stays(_) => "(stays)".to_owned(),
                };
                format!("{} → {what}", m.name)
            }));
        }
        out.extend(view.results.iter().map(|(name, value)| format!("{name} = {}", value.text())));
    }
    out
}

#[test]
fn templates_of_the_nginx_image_are_rendered_for_names_that_are_set() {
    let compose =
        "services:\n  web:\n    image: nginx:1.29\n    environment: { DOMAIN: a.example }\n    volumes: [\"./t:/etc/nginx/templates\"]\n";
    let template = ("t/default.conf.template", "server { server_name ${DOMAIN}; return 301 https://$host; }\n");
    let found = told(&[("compose.yaml", compose), template], "t/default.conf.template", 1);
    assert_eq!(
        found,
        ["nginx image", "DOMAIN → a.example", "host → (stays)", " = server { server_name a.example; return 301 https://$host; }"]
    );
    let shell = format!("{compose}    command: sh -c \"nginx -g 'daemon off;'\"\n");
    let found = told(&[("compose.yaml", &shell), template], "t/default.conf.template", 1);
    assert_eq!(found, ["nginx image", " = server { server_name ${DOMAIN}; return 301 https://$host; }"]);
}

#[test]
fn lines_of_env_files_and_inline_dockerfiles_are_followed() {
    let compose = "services:\n  web:\n    build:\n      dockerfile_inline: |\n        FROM debian:13\n        ENV A=1\n        ENV B=$$A\n    env_file: web.env\n    command: serve ${PORT}\n";
    let files = [("compose.yaml", compose), ("web.env", "HOST=db\nURL=\"http://$HOST\"\nRAW='$HOST'\n"), (".env", "PORT=80\n")];
    assert_eq!(told(&files, "web.env", 2), ["env_file", "HOST → db", "URL = http://db"]);
    assert_eq!(told(&files, "web.env", 3), ["env_file", "HOST → (stays)", "RAW = $HOST"]);
    assert_eq!(told(&files, ".env", 1), ["Compose, its own variables", "PORT = 80"]);
    assert_eq!(told(&files, "compose.yaml", 7), ["Dockerfile", "A → 1", "B = 1"]);
}
