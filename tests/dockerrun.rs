//! `plan --format dockerrun`: what Elastic Beanstalk gets, and what it is told to have been left out.

use std::process::{Command, Output};

use serde_json::{Value, json};

struct Exported {
    file: Value,
    notes: Vec<String>,
}

fn run(files: &[(&str, &str)], args: &[&str]) -> Output {
    let dir = tempfile::Builder::new().prefix("site").tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_stacklint"));
    command.args(["plan", "--format", "dockerrun"]).args(args).current_dir(dir.path()).env_remove("COMPOSE_FILE").output().unwrap()
}

fn export(files: &[(&str, &str)], args: &[&str]) -> Exported {
    let output = run(files, args);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{err}");
    Exported { file: serde_json::from_slice(&output.stdout).unwrap(), notes: err.lines().map(str::to_owned).collect() }
}

impl Exported {
    fn container(&self, name: &str) -> &Value {
        self.file["containerDefinitions"].as_array().unwrap().iter().find(|c| c["name"] == name).unwrap()
    }

    fn tells(&self, place: &str, part: &str) {
        assert!(self.notes.iter().any(|line| line.starts_with(place) && line.contains(part)), "{place} {part}\n{}", self.notes.join("\n"));
    }
}

/// The stack whose owner gave up translating it by hand: nginx before gunicorn, static files in a shared volume.
const SITE: &str = "\
version: '3.8'
services:
  server:
    image: example/imw-server:stable
    command: gunicorn inventory.wsgi:application -b 0.0.0.0:8000
    expose: ['8000']
    volumes: [static:/app/static, ./media:/app/media]
    environment:
      DEBUG: '0'
      SECRET_KEY: not-for-the-bundle
      DATABASE_URL: postgres://inventory:hush@db.example.com/x
  nginx:
    image: example/imw-nginx:stable
    ports: ['80:80']
    volumes: [static:/static:ro, ./nginx.conf:/etc/nginx/conf.d/default.conf:ro]
    depends_on: [server]
    mem_limit: 64m
    restart: always
volumes:
  static:
";

#[test]
fn a_compose_file_of_two_containers_is_version_2() {
    let made = export(&[("docker-compose.yml", SITE)], &[]);
    assert_eq!(made.file["AWSEBDockerrunVersion"], 2);
    assert_eq!(
        made.file["volumes"],
        json!([
            {"name": "static", "host": {"sourcePath": "/var/app/volumes/static"}},
            {"name": "media", "host": {"sourcePath": "/var/app/current/media"}},
            {"name": "nginx-conf", "host": {"sourcePath": "/var/app/current/nginx.conf"}},
        ])
    );
    assert_eq!(
        *made.container("nginx"),
        json!({
            "name": "nginx",
            "image": "example/imw-nginx:stable",
            "essential": true,
            "memory": 64,
            "portMappings": [{"hostPort": 80, "containerPort": 80}],
            "links": ["server"],
            "dependsOn": [{"containerName": "server", "condition": "START"}],
            "mountPoints": [
                {"sourceVolume": "static", "containerPath": "/static", "readOnly": true},
                {"sourceVolume": "nginx-conf", "containerPath": "/etc/nginx/conf.d/default.conf", "readOnly": true},
            ],
        })
    );
    let server = made.container("server");
    assert_eq!(server["command"], json!(["gunicorn", "inventory.wsgi:application", "-b", "0.0.0.0:8000"]));
    assert_eq!(server["environment"], json!([{"name": "DEBUG", "value": "0"}]), "secrets are no part of an upload");
    assert!(server["memoryReservation"].is_u64(), "ECS takes no container without a limit");
    made.tells("docker-compose.yml:10:7: note: ", "SECRET_KEY");
    made.tells("docker-compose.yml:11:7: note: ", "DATABASE_URL");
    made.tells("docker-compose.yml:7:15: note: ", "ends with the instance");
    assert!(!made.file.to_string().contains("hush") && !made.notes.join("\n").contains("hush"));
}

#[test]
fn one_service_is_version_1() {
    let compose = "services:\n  web:\n    image: example/imw:stable\n    ports: ['8000']\n    command: [sh, -c, 'run \"it\"']\n    volumes: ['/srv/logs:/var/log/server']\n    environment: {MODE: fast, TOKEN: hush}\n    restart: on-failure\n";
    let made = export(&[("compose.yaml", compose)], &[]);
    assert_eq!(
        made.file,
        json!({
            "AWSEBDockerrunVersion": "1",
            "Image": {"Name": "example/imw:stable", "Update": "true"},
            "Ports": [{"ContainerPort": "8000"}],
            "Volumes": [{"HostDirectory": "/srv/logs", "ContainerDirectory": "/var/log/server"}],
            "Command": "sh -c 'run \"it\"'",
        })
    );
    made.tells("compose.yaml:7:5: note: ", "`services.web.environment` is left out");
    made.tells("  help: eb setenv MODE=… TOKEN=…", "");
    made.tells("compose.yaml:8:5: note: ", "`services.web.restart` is left out");
}

#[test]
fn a_service_is_exported_with_what_it_depends_on() {
    let compose =
        "services:\n  web: {image: a, depends_on: [db]}\n  db: {image: b}\n  other: {image: c}\n  tool: {image: d, profiles: [dev]}\n";
    let names = |args: &[&str]| {
        let file = export(&[("compose.yml", compose)], args).file;
        let all = file["containerDefinitions"].as_array().cloned().unwrap_or_default();
        all.iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["web"]), ["web", "db"]);
    assert_eq!(names(&[]), ["web", "db", "other"]);
    assert_eq!(names(&["--profile", "dev"]), ["web", "db", "other", "tool"]);
    assert_eq!(export(&[("compose.yml", compose)], &["db"]).file["Image"]["Name"], "b");
    let refused = run(&[("compose.yml", compose)], &["wbe"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("did you mean `web`?"));
}

/// Containers of a task find each other by links alone, and ECS refuses a circle of them.
#[test]
fn names_in_urls_become_links_that_run_in_no_circle() {
    let compose = "services:\n  web: {image: a, environment: {API: 'http://api:5000/v1', NAME: apiary, MODE: web}}\n  api: {image: b, environment: {HOME_URL: 'http://web', CACHE: 'cache.local:6379'}, links: ['cache.local:redis']}\n  cache.local: {image: c}\n";
    let made = export(&[("compose.yml", compose)], &[]);
    assert_eq!(made.container("web")["links"], json!(["api"]));
    assert_eq!(made.container("api")["links"], json!(["cache_local:redis", "cache_local:cache.local"]));
    assert_eq!(made.container("cache_local").get("links"), None);
}

#[test]
fn waiting_is_carried_over_with_what_it_waits_for() {
    let compose = "services:\n  web:\n    image: a\n    depends_on:\n      job: {condition: service_completed_successfully}\n      db: {condition: service_healthy}\n      mq: {condition: service_healthy}\n  job: {image: b, restart: 'no'}\n  db: {image: c, healthcheck: {test: pg_isready, interval: 1s, retries: 30, start_interval: 2s}}\n  mq: {image: d}\n";
    let made = export(&[("compose.yml", compose)], &[]);
    let waits = &made.container("web")["dependsOn"];
    assert_eq!(waits[0], json!({"containerName": "job", "condition": "SUCCESS"}));
    assert_eq!((&waits[1]["condition"], &waits[2]["condition"]), (&json!("HEALTHY"), &json!("START")));
    assert_eq!(made.container("job")["essential"], false, "its end must not stop the others");
    let check = json!({"command": ["CMD-SHELL", "pg_isready"], "interval": 5, "timeout": 30, "retries": 10});
    assert_eq!(made.container("db")["healthCheck"], check);
    made.tells("compose.yml:7:7: note: ", "waits only until `mq` starts");
    made.tells("compose.yml:9:", "`services.db.healthcheck.interval` is left out: it can be 5 to 300 seconds");
    made.tells("compose.yml:9:", "`services.db.healthcheck.start_interval` is left out");
}

/// Every key that stands in a service is in the file or in the report.
#[test]
fn every_key_is_carried_over_or_told() {
    let keys = [
        ("annotations", "{a: b}", None),
        ("blkio_config", "{weight: 300}", None),
        ("cap_add", "[CAP_NET_ADMIN]", Some("linuxParameters")),
        ("cgroup_parent", "x", None),
        ("configs", "[c]", None),
        ("container_name", "one", None),
        ("cpu_shares", "512", Some("cpu")),
        ("cpus", "0.5", None),
        ("deploy", "{mode: global, resources: {limits: {pids: 3}}}", None),
        ("devices", "['/dev/a:/dev/b:r']", Some("linuxParameters")),
        ("dns", "8.8.8.8", Some("dnsServers")),
        ("domainname", "x", None),
        ("entrypoint", "sh -c x", Some("entryPoint")),
        ("expose", "['80']", None),
        ("extra_hosts", "['a:10.0.0.1']", Some("extraHosts")),
        ("group_add", "[mail]", None),
        ("hostname", "h", Some("hostname")),
        ("init", "true", Some("linuxParameters")),
        ("ipc", "host", None),
        ("labels", "{a: b}", Some("dockerLabels")),
        ("logging", "{driver: awslogs, options: {awslogs-group: g}}", Some("logConfiguration")),
        ("mac_address", "02:42:ac:11:65:43", None),
        ("network_mode", "host", None),
        ("oom_score_adj", "5", None),
        ("pid", "host", None),
        ("platform", "linux/arm64", None),
        ("privileged", "true", Some("privileged")),
        ("pull_policy", "always", None),
        ("read_only", "true", Some("readonlyRootFilesystem")),
        ("restart", "'no'", None),
        ("runtime", "runc", None),
        ("scale", "3", None),
        ("secrets", "[s]", None),
        ("security_opt", "['no-new-privileges:true', 'seccomp=x.json']", Some("dockerSecurityOptions")),
        ("shm_size", "64m", Some("linuxParameters")),
        ("stdin_open", "true", Some("interactive")),
        ("stop_grace_period", "1m", Some("stopTimeout")),
        ("stop_signal", "SIGINT", None),
        ("storage_opt", "{size: 1G}", None),
        ("sysctls", "{net.core.somaxconn: 1024}", Some("systemControls")),
        ("tmpfs", "/run:size=5m,noexec", Some("linuxParameters")),
        ("tty", "true", Some("pseudoTerminal")),
        ("ulimits", "{nofile: {soft: 1, hard: 2}}", Some("ulimits")),
        ("user", "'1000'", Some("user")),
        ("userns_mode", "host", None),
        ("uts", "host", None),
        ("volumes_from", "['b:ro']", Some("volumesFrom")),
        ("working_dir", "/app", Some("workingDirectory")),
    ];
    for (key, value, counterpart) in keys {
        let compose = format!(
            "services:\n  a:\n    image: i\n    {key}: {value}\n  b: {{image: j}}\nsecrets: {{s: {{file: ./s}}}}\nconfigs: {{c: {{file: ./c}}}}\n"
        );
        let made = export(&[("compose.yml", &compose), ("s", ""), ("c", "")], &[]);
        match counterpart {
            Some(name) => assert!(made.container("a").get(name).is_some(), "{key}: {}", made.file),
            None => made.tells("compose.yml:4:", &format!("`services.a.{key}")),
        }
    }
}

#[test]
fn what_is_outside_the_upload_cannot_be_mounted() {
    let compose = "services:\n  a: {image: i, volumes: ['../shared:/shared', './x:/x', './x:/y', '/var/run/docker.sock:/s', '/anonymous']}\n  b: {image: i, network_mode: none}\n";
    let made = export(&[("compose.yml", compose)], &[]);
    let points = made.container("a")["mountPoints"].as_array().unwrap();
    assert_eq!(points.iter().map(|p| p["sourceVolume"].as_str().unwrap()).collect::<Vec<_>>(), ["x", "x", "docker-sock", "a-anonymous"]);
    assert_eq!(made.file["volumes"][2], json!({"name": "a-anonymous"}));
    assert_eq!(made.container("b")["disableNetworking"], true);
    made.tells("compose.yml:2:", "outside the project's folder");
}

#[test]
fn images_that_are_built_here_must_be_pushed() {
    let compose = "services:\n  web: {build: ./web, image: registry.example.com/web}\n  job: {build: .}\n";
    let files = [("compose.yml", compose), ("Dockerfile", "FROM a\nEXPOSE 80\n"), ("web/Dockerfile", "FROM a\n")];
    let made = export(&files, &[]);
    assert_eq!(made.container("web")["image"], "registry.example.com/web");
    made.tells("compose.yml:2:", "`web` is built here, and Beanstalk only pulls images");
    made.tells("  help: give it an `image:`", "push");
    // Beside its Dockerfile, version 1 names no image: Beanstalk builds it.
    let alone = export(&files, &["job"]);
    assert_eq!(alone.file, json!({"AWSEBDockerrunVersion": "1", "Ports": [{"ContainerPort": "80"}]}));
}

#[test]
fn a_dockerfile_alone_is_version_1_with_its_ports() {
    let files = [("Dockerfile", "FROM a AS b\nARG PORT=8000\nEXPOSE $PORT\nFROM b\nCMD x\n"), ("sub/Dockerfile", "FROM a\n")];
    let made = export(&files, &["Dockerfile"]);
    assert_eq!(made.file, json!({"AWSEBDockerrunVersion": "1", "Ports": [{"ContainerPort": "8000"}]}));
    assert_eq!(made.notes, Vec::<String>::new());
    export(&files, &["sub/Dockerfile"]).tells("note: ", "exposes no port");
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let status = |files: &[(&str, &str)], args: &[&str]| run(files, args).status.code();
    assert_eq!(status(&[("compose.yml", "services: {a: {image: [}}\n")], &[]), Some(1));
    assert_eq!(status(&[("compose.yml", "services: {a: {image: x, depends_on: [b]}}\n")], &[]), Some(1));
    assert_eq!(status(&[("x", "")], &[]), Some(2));
    assert_eq!(status(&[("compose.yml", "services: {a: {image: x}}\n")], &["--execute"]), Some(2));
}
