//! A service as a container definition of ECS. What is carried over is taken out of the service; the rest is told.

use serde_json::{Value, json};

use super::lost::Report;
use super::volumes::Volumes;
use super::{Object, container_name, first, linux};
use crate::compose::{self, Project, Service};
use crate::plan::looks_secret;

/// What the instance keeps free for a container that says nothing: one of the two limits must be there.
const MEMORY: u64 = 128;

/// The drivers that the agent on the instances has.
const LOG_DRIVERS: [&str; 8] = ["awslogs", "fluentd", "gelf", "json-file", "journald", "splunk", "syslog", "awsfirelens"];

/// Keys whose values a definition has as they are.
const SAME: [(&str, &str); 11] = [
    ("hostname", "hostname"),
    ("user", "user"),
    ("working_dir", "workingDirectory"),
    ("privileged", "privileged"),
    ("read_only", "readonlyRootFilesystem"),
    ("stdin_open", "interactive"),
    ("tty", "pseudoTerminal"),
    ("dns", "dnsServers"),
    ("dns_search", "dnsSearchDomains"),
    ("labels", "dockerLabels"),
    ("cpu_shares", "cpu"),
];

/// A definition in the making.
pub(super) struct Container<'a> {
    service: &'a Service,
    project: &'a Project,
    chosen: &'a [&'a Service],
    /// What has not been carried over yet.
    left: &'a mut Object,
    report: &'a mut Report,
    out: Object,
}

impl<'a> Container<'a> {
    pub(super) fn new(
        service: &'a Service,
        project: &'a Project,
        chosen: &'a [&'a Service],
        left: &'a mut Object,
        report: &'a mut Report,
    ) -> Container<'a> {
        Container { service, project, chosen, left, report, out: Object::new() }
    }

    /// The definition; `links` are the containers that this one reaches by name.
    pub(super) fn definition(&mut self, links: &[String], volumes: &mut Volumes) -> Object {
        self.put("name", json!(container_name(&self.service.name.value)));
        self.image();
        self.essential();
        self.resources();
        self.ports();
        self.list("links", links.iter().map(|link| json!(link)).collect());
        self.order();
        self.environment();
        let long = self.left.remove("volumes");
        self.mounts(volumes);
        for (key, name) in [("entrypoint", "entryPoint"), ("command", "command")] {
            if let Some(words) = self.left.remove(key).filter(Value::is_array) {
                self.put(name, words);
            }
        }
        for (key, name) in SAME {
            if let Some(value) = self.left.remove(key) {
                self.put(name, value);
            }
        }
        self.network();
        self.hosts();
        self.health();
        self.logging();
        self.stop();
        linux::put(self.service, long.as_ref(), self.left, &mut self.out, self.report);
        std::mem::take(&mut self.out)
    }

    fn put(&mut self, name: &str, value: Value) {
        self.out.insert(name.to_owned(), value);
    }

    fn list(&mut self, name: &str, items: Vec<Value>) {
        if !items.is_empty() {
            self.put(name, json!(items));
        }
    }

    fn lost(&mut self, path: &str, message: &str, help: Option<&str>) {
        self.report.key(self.service, path, message.to_owned(), help.map(str::to_owned));
    }

    fn image(&mut self) {
        let own = self.left.remove("image").and_then(|image| image.as_str().map(str::to_owned));
        if let Some(build) = &self.service.build {
            let name = &self.service.name.value;
            let help = match own {
                Some(_) => "push it before: `stacklint plan --execute --push`",
                None => "give it an `image:` with the name of your registry, and push it: `stacklint plan --execute --push`",
            };
            self.report.note(Some(build.span), format!("`{name}` is built here, and Beanstalk only pulls images"), Some(help.to_owned()));
        }
        self.put("image", json!(own.unwrap_or_else(|| format!("{}-{}", self.project.name, self.service.name.value))));
    }

    /// Others wait for its end: then its end must not stop them.
    fn essential(&mut self) {
        let name = &self.service.name.value;
        let awaited = self.chosen.iter().flat_map(|service| &service.depends_on);
        let is_job = awaited.into_iter().any(|on| on.service.value == *name && on.condition == "service_completed_successfully");
        self.put("essential", json!(!is_job));
        first::restart(self.left);
        if is_job {
            self.left.remove("restart");
        }
    }

    fn resources(&mut self) {
        let limit = self.bytes("mem_limit", "limits");
        let reserved = self.bytes("mem_reservation", "reservations");
        if let Some(mib) = limit {
            self.put("memory", json!(mib));
        }
        if let Some(mib) = reserved {
            self.put("memoryReservation", json!(mib));
        }
        if limit.is_none() && reserved.is_none() {
            self.put("memoryReservation", json!(MEMORY));
            let message = format!("`{}` says nothing of memory; the instance keeps {MEMORY} MiB for it", self.service.name.value);
            let help = "say how much it may take: `mem_limit`".to_owned();
            self.report.note(Some(self.service.name.span), message, Some(help));
        }
        let cpus =
            self.left.get_mut("deploy").and_then(|deploy| deploy.pointer_mut("/resources/reservations")?.as_object_mut()?.remove("cpus"));
        let units = cpus.and_then(|cpus| cpus.as_f64().or_else(|| cpus.as_str()?.parse().ok())).map(|cpus| (cpus * 1024.0).round());
        if let Some(units) = units.filter(|_| !self.left.contains_key("cpu_shares")) {
            self.put("cpu", json!(units as u64));
        }
        if self.left.get("deploy").and_then(|deploy| deploy.get("replicas")) == Some(&json!(1)) {
            self.left.get_mut("deploy").and_then(Value::as_object_mut).map(|deploy| deploy.remove("replicas"));
        }
    }

    /// An amount of memory in MiB, from the service's own key or from `deploy.resources`.
    fn bytes(&mut self, own: &str, deployed: &str) -> Option<u64> {
        let short = self.left.remove(own);
        let long = self
            .left
            .get_mut("deploy")
            .and_then(|deploy| deploy.pointer_mut(&format!("/resources/{deployed}"))?.as_object_mut()?.remove("memory"));
        mib(&short.or(long)?)
    }

    fn ports(&mut self) {
        self.left.remove("ports");
        let key = format!("services.{}.ports", self.service.name.value);
        let mut mappings = Vec::new();
        for port in &self.service.ports {
            let host = port.published.as_ref().map(|host| host.parse::<u16>());
            let mut mapping = Object::new();
            if let Some(Ok(host)) = host {
                mapping.insert("hostPort".to_owned(), json!(host));
            }
            mapping.insert("containerPort".to_owned(), json!(port.target));
            if port.protocol != "tcp" {
                mapping.insert("protocol".to_owned(), json!(port.protocol));
            }
            if let Some(address) = &port.host_ip {
                self.report.add(
                    Some(port.span),
                    &format!("{key}.host_ip"),
                    format!("the port is open on every address, not on {address} alone"),
                    None,
                );
            }
            if let Some(Err(_)) = host {
                self.report.add(
                    Some(port.span),
                    &format!("{key}.published"),
                    "the instance picks the port by itself, not out of a range".to_owned(),
                    None,
                );
            }
            mappings.push(Value::Object(mapping));
        }
        self.list("portMappings", mappings);
    }

    fn order(&mut self) {
        self.left.remove("depends_on");
        self.left.remove("links");
        let mut waits = Vec::new();
        for on in &self.service.depends_on {
            let Some(other) = self.chosen.iter().find(|service| service.name.value == on.service.value) else { continue };
            let checked = other.healthcheck.as_ref().is_some_and(|check| !check.disabled && check.test.is_some());
            let condition = match on.condition.as_str() {
                "service_healthy" if checked => "HEALTHY",
                "service_completed_successfully" => "SUCCESS",
                "service_healthy" => {
                    let message =
                        format!("the instance does not run the check of an image, so this waits only until `{}` starts", other.name.value);
                    let help = "give that service a `healthcheck`".to_owned();
                    let key = format!("services.{}.depends_on.{}", self.service.name.value, other.name.value);
                    self.report.add(Some(on.service.span), &key, message, Some(help));
                    "START"
                }
                _ => "START",
            };
            waits.push(json!({"containerName": container_name(&on.service.value), "condition": condition}));
        }
        self.list("dependsOn", waits);
        if let Some(from) = self.left.remove("volumes_from") {
            let names = from.as_array().into_iter().flatten().filter_map(Value::as_str).filter(|name| !name.starts_with("container:"));
            let one = |text: &str| {
                let (name, mode) = text.split_once(':').unwrap_or((text, "rw"));
                json!({"sourceContainer": container_name(name), "readOnly": mode == "ro"})
            };
            let list = names.map(one).collect();
            self.list("volumesFrom", list);
        }
    }

    fn environment(&mut self) {
        self.left.remove("env_file");
        let Some(Value::Object(all)) = self.left.remove("environment") else { return };
        let mut list = Vec::new();
        for (name, value) in all {
            let place = self.service.env(&name).map(|var| var.span);
            let key = format!("services.{}.environment.{name}", self.service.name.value);
            let help = Some(format!("eb setenv {name}=…"));
            match value.as_str() {
                Some(text) if looks_secret(&name) || has_password(text) => {
                    self.report.add(place, &key, "a secret has no place in a file that is uploaded".to_owned(), help);
                }
                Some(text) => list.push(json!({"name": name, "value": text})),
                None => self.report.add(place, &key, "its value comes from the environment of `docker compose`".to_owned(), help),
            }
        }
        self.list("environment", list);
    }

    fn mounts(&mut self, volumes: &mut Volumes) {
        let mut points = Vec::new();
        for mount in self.service.mounts.iter().filter(|mount| mount.kind != compose::MountKind::Tmpfs) {
            let source = mount.source_path.as_deref().or_else(|| mount.source.as_ref().map(|text| text.value.as_str()));
            let Some(mounted) = volumes.mount(self.service, mount, source, self.report) else { continue };
            let mut point = Object::new();
            point.insert("sourceVolume".to_owned(), json!(mounted.volume));
            point.insert("containerPath".to_owned(), json!(mounted.target));
            if mounted.read_only {
                point.insert("readOnly".to_owned(), json!(true));
            }
            points.push(Value::Object(point));
        }
        self.list("mountPoints", points);
    }

    fn network(&mut self) {
        match self.left.get("network_mode").and_then(Value::as_str) {
            Some("none") => {
                self.left.remove("network_mode");
                self.put("disableNetworking", json!(true));
            }
            Some("bridge") => drop(self.left.remove("network_mode")),
            _ => {}
        }
    }

    fn hosts(&mut self) {
        let Some(hosts) = self.left.remove("extra_hosts") else { return };
        let mut list = Vec::new();
        for text in hosts.as_array().into_iter().flatten().filter_map(Value::as_str) {
            let (name, address) = text.split_once('=').or_else(|| text.split_once(':')).unwrap_or((text, ""));
            match address.parse::<std::net::IpAddr>() {
                Ok(_) => list.push(json!({"hostname": name, "ipAddress": address})),
                Err(_) => self.lost("extra_hosts", &format!("`{address}` is no address of its own"), None),
            }
        }
        self.list("extraHosts", list);
    }

    fn health(&mut self) {
        let Some(Value::Object(mut check)) = self.left.remove("healthcheck") else { return };
        let test = check.remove("test").filter(|test| test.pointer("/0").and_then(Value::as_str) != Some("NONE"));
        if check.remove("disable").is_some() || self.service.healthcheck.as_ref().is_some_and(|check| check.disabled) {
            // The agent runs no check of the image's own, so there is none to turn off.
            return;
        }
        let Some(test) = test else {
            self.lost(
                "healthcheck",
                "the instance does not run the check of an image, so there is none to adjust",
                Some("write the `test` here"),
            );
            return;
        };
        let mut out = Object::from_iter([("command".to_owned(), test)]);
        // Where Compose waits 30 seconds for an answer, the agent would wait 5.
        for (key, name, range, default) in [
            ("interval", "interval", 5..=300, None),
            ("timeout", "timeout", 2..=60, Some(30)),
            ("start_period", "startPeriod", 0..=300, None),
        ] {
            let asked =
                check.remove(key).and_then(|text| compose::duration(text.as_str()?)).map(|nanos| nanos.max(0) as u64 / 1_000_000_000);
            let Some(seconds) = asked.or(default) else { continue };
            let possible = seconds.clamp(*range.start(), *range.end());
            if possible != seconds {
                self.lost(
                    &format!("healthcheck.{key}"),
                    &format!("it can be {} to {} seconds, and is {possible}", range.start(), range.end()),
                    None,
                );
            }
            out.insert(name.to_owned(), json!(possible));
        }
        if let Some(retries) = check.remove("retries").and_then(|retries| retries.as_u64()) {
            out.insert("retries".to_owned(), json!(retries.clamp(1, 10)));
            if retries > 10 {
                self.lost("healthcheck.retries", "it can be 10 at most, and is 10", None);
            }
        }
        if !check.is_empty() {
            self.left.insert("healthcheck".to_owned(), Value::Object(check));
        }
        self.put("healthCheck", Value::Object(out));
    }

    fn logging(&mut self) {
        let Some(logging) = self.left.remove("logging") else { return };
        let driver = logging.get("driver").and_then(Value::as_str).unwrap_or("json-file");
        if !LOG_DRIVERS.contains(&driver) {
            self.lost("logging", &format!("the instances have no driver `{driver}`"), Some("awslogs sends the logs to CloudWatch"));
            return;
        }
        let mut out = Object::from_iter([("logDriver".to_owned(), json!(driver))]);
        if let Some(options) = logging.get("options").filter(|options| options.as_object().is_some_and(|map| !map.is_empty())) {
            out.insert("options".to_owned(), options.clone());
        }
        self.put("logConfiguration", Value::Object(out));
    }

    fn stop(&mut self) {
        let nanos = self.left.remove("stop_grace_period").and_then(|text| compose::duration(text.as_str()?));
        if let Some(nanos) = nanos {
            self.put("stopTimeout", json!(nanos.max(0) as u64 / 1_000_000_000));
        }
    }
}

/// Whether a URL in a value names a user with a password.
fn has_password(value: &str) -> bool {
    let authority = |rest: &str| rest.split(['/', '?', '#', ' ', '"']).next().unwrap_or_default().to_owned();
    let user = |rest: &str| authority(rest).rsplit_once('@').map(|(user, _)| user.to_owned());
    value.split("://").skip(1).filter_map(user).any(|user| user.split_once(':').is_some_and(|(_, password)| !password.is_empty()))
}

/// A size in MiB, rounded up; the engine takes no less than 6.
pub(super) fn mib(value: &Value) -> Option<u64> {
    let bytes = value.as_u64().or_else(|| u64::try_from(compose::bytes(value.as_str()?)?).ok())?;
    Some(bytes.div_ceil(1 << 20).max(6))
}
