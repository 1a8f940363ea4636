//! What users see of findings: every format over one set of findings, and no panic over any.

use proptest::prelude::*;
use stacklint::diagnostic::{Applicability, Diagnostic, Edit, Fix, Label, Severity};
use stacklint::report::{self, Format, Report, RuleInfo, Style};
use stacklint::source::{FileId, Sources, Span};

/// A project in memory and what is wrong with it.
struct Case {
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
}

impl Case {
    fn new() -> Self {
        Case { sources: Sources::new(), diagnostics: Vec::new() }
    }

    fn file(&mut self, path: &str, text: &str) -> FileId {
        self.sources.add(path, text.to_owned())
    }

    /// The first place of `needle` in a file.
    fn span(&self, file: FileId, needle: &str) -> Span {
        let start = self.sources.get(file).text.find(needle).unwrap_or_else(|| panic!("no {needle:?}"));
        Span::new(file, start, start + needle.len())
    }

    fn add(&mut self, rule: &'static str, severity: Severity, primary: Span, message: &str) -> &mut Diagnostic {
        self.diagnostics.push(finding(rule, severity, primary, message));
        self.diagnostics.last_mut().unwrap()
    }

    fn render(&self, format: Format, style: &Style) -> String {
        let rules = rules();
        let report = Report {
            sources: &self.sources,
            diagnostics: &self.diagnostics,
            fingerprints: &[],
            files: 12,
            suppressed: 2,
            rules: &rules,
            masks: &[],
        };
        report::render(format, &report, style)
    }

    fn text(&self) -> String {
        self.render(Format::Text, &Style::default())
    }
}

fn finding(rule: &'static str, severity: Severity, primary: Span, message: &str) -> Diagnostic {
    Diagnostic {
        rule,
        category: "cache",
        aliases: Vec::new(),
        severity,
        message: message.to_owned(),
        primary,
        label: String::new(),
        related: Vec::new(),
        help: None,
        fix: None,
        masks: Vec::new(),
    }
}

fn rules() -> Vec<RuleInfo> {
    let rule = |name: &str, category: &str, summary: &str, severity, aliases: &[&str]| RuleInfo {
        name: name.to_owned(),
        category: category.to_owned(),
        summary: summary.to_owned(),
        help_markdown: format!("{summary}\n\n```dockerfile\nFROM scratch\n```\n"),
        url: format!("https://example.org/rules/{name}"),
        aliases: aliases.iter().map(|a| (*a).to_owned()).collect(),
        severity,
    };
    vec![
        rule("source-before-dependencies", "cache", "Dependencies are installed again after every edit", Severity::Error, &["DL9999"]),
        rule("loopback-bind-unreachable", "binds", "A process listens where nobody else can connect", Severity::Error, &[]),
        rule("secret-in-env", "secrets", "A secret is written into the image", Severity::Warning, &["SecretsUsedInArgOrEnv"]),
        rule("stage-name-casing", "style", "Stage names are written in lower case", Severity::Style, &["StageNameCasing"]),
    ]
}

/// Findings of every kind: other files, fixes, secrets, several of one rule, odd characters.
fn stack() -> Case {
    let mut c = Case::new();
    let dockerfile = c.file(
        "deploy/server.docker",
        "FROM python:3.12 AS Base\n\n# Copy our server code\nCOPY ./server /usr/src/server\nWORKDIR /usr/src/server\n\nENV TOKEN=s3cr3t-t0ken-123\n\nRUN pip install -r requirements.txt\n",
    );
    let compose = c.file("docker-compose.yml", "services:\n  server:\n    build: .\n    environment:\n      APP_HOST: \"127.0.0.1\"\n");
    let nginx = c.file("client/nginx.conf", "location / {\n\tproxy_pass http://server:5000; # „außen“ <&>\n}\n");
    let copy = c.span(dockerfile, "COPY ./server /usr/src/server");
    let install = c.span(dockerfile, "RUN pip install -r requirements.txt");

    let edits = vec![
        Edit { span: copy, new_text: "COPY ./server/requirements.txt ./".to_owned() },
        Edit { span: install.at_end(), new_text: "\nCOPY ./server ./".to_owned() },
    ];
    let d = c.add(
        "source-before-dependencies",
        Severity::Error,
        copy,
        "The server's whole source is copied before its dependencies are installed",
    );
    d.aliases = vec!["DL9999"];
    d.label = "any edit below ./server …".to_owned();
    d.related = vec![Label { span: install, message: "… runs this again: every package, every time".to_owned() }];
    d.help = Some("copy server/requirements.txt first, install, then copy the rest".to_owned());
    d.fix = Some(Fix { title: "copy requirements.txt first".to_owned(), applicability: Applicability::Unsafe, edits });

    let host = c.span(compose, "APP_HOST: \"127.0.0.1\"");
    let value = c.span(compose, "127.0.0.1");
    let pass = c.span(nginx, "http://server:5000");
    let d = c.add(
        "loopback-bind-unreachable",
        Severity::Error,
        host,
        "Nginx will answer 502: nothing in `server` listens where `client` connects",
    );
    d.category = "binds";
    d.label = "the process is reachable inside its own container only".to_owned();
    d.related = vec![Label { span: pass, message: "this connection comes from another container".to_owned() }];
    d.help = Some("APP_HOST: \"0.0.0.0\"".to_owned());
    d.fix = Some(Fix {
        title: "listen on all addresses".to_owned(),
        applicability: Applicability::Safe,
        edits: vec![Edit { span: value, new_text: "0.0.0.0".to_owned() }],
    });

    let secret = c.span(dockerfile, "s3cr3t-t0ken-123");
    let key = c.span(dockerfile, "TOKEN");
    let d = c.add("secret-in-env", Severity::Warning, key, "`TOKEN` stays in the image for everybody who pulls it (s3cr3t-t0ken-123)");
    d.category = "secrets";
    d.masks = vec![secret];
    d.label = "this value is in the history".to_owned();
    d.help = Some("give it at run time, or as `RUN --mount=type=secret`; not as s3cr3t-t0ken-123".to_owned());

    let stage = c.span(dockerfile, "Base");
    c.add("stage-name-casing", Severity::Style, stage, "The stage is named `Base`").category = "style";
    c
}

#[test]
fn text_shows_the_lines_that_matter() {
    insta::assert_snapshot!("text", stack().text());
}

#[test]
fn text_in_colour() {
    let style = Style { color: true, width: 60, terminal: true };
    insta::assert_snapshot!("text_colour", stack().render(Format::Text, &style).replace('\u{1b}', "␛"));
}

#[test]
fn compact() {
    insta::assert_snapshot!("compact", stack().render(Format::Compact, &Style::default()));
}

#[test]
fn json() {
    insta::assert_snapshot!("json", stack().render(Format::Json, &Style::default()));
}

#[test]
fn every_machine_format() {
    for format in Format::ALL.into_iter().filter(|f| !matches!(f, Format::Text | Format::Compact | Format::Json)) {
        insta::assert_snapshot!(format.name(), stack().render(format, &Style::default()));
    }
}

#[test]
fn every_machine_format_says_nothing_in_its_own_way() {
    let mut case = stack();
    case.diagnostics.clear();
    let said: Vec<String> = Format::ALL.iter().map(|f| format!("{}:\n{}", f.name(), case.render(*f, &Style::default()))).collect();
    insta::assert_snapshot!("nothing", said.concat());
}

#[test]
fn no_format_prints_a_secret() {
    for format in Format::ALL {
        let out = stack().render(format, &Style::default());
        assert!(!out.contains("s3cr3t-t0ken-123"), "{format:?} prints it:\n{out}");
    }
}

#[test]
fn every_format_is_the_same_whatever_order_the_findings_come_in() {
    let case = stack();
    let mut other = stack();
    other.diagnostics.reverse();
    for format in Format::ALL {
        assert_eq!(case.render(format, &Style::default()), other.render(format, &Style::default()), "{format:?}");
    }
}

#[test]
fn nothing_found_is_said_to_people_only() {
    let mut case = stack();
    case.diagnostics.clear();
    assert_eq!(case.text(), "");
    let person = Style { terminal: true, ..Style::default() };
    assert_eq!(case.render(Format::Text, &person), "12 files, nothing to report\n");
}

#[test]
fn many_findings_of_a_kind_are_grouped() {
    let mut c = Case::new();
    let file = c.file("Dockerfile", &"RUN a\n".repeat(30));
    for line in 0..9 {
        c.add("stage-name-casing", Severity::Info, Span::new(file, line * 12, line * 12 + 3), "Again");
    }
    insta::assert_snapshot!("text_grouped", c.text());
}

#[test]
fn odd_texts_stay_readable() {
    let mut c = Case::new();
    let esc = c.file("esc\u{1b}[31m.Dockerfile", "RUN echo \u{1b}]0;owned\u{7}\u{202e}txt\r\nRUN\ttab\tstops\r\n");
    let span = c.span(esc, "owned");
    c.add("a", Severity::Error, span, "A title \u{1b}[2J is set").label = "here\u{1b}[0m".to_owned();
    let span = c.span(esc, "stops");
    c.add("b", Severity::Warning, span, "Tabs are blanks").label = "third".to_owned();

    let wide = c.file("wide.yml", "\u{feff}名前: 値段は高い  # 👩‍🚀 é\nx: [1, 2]\n");
    let span = c.span(wide, "値段は高い");
    c.add("c", Severity::Info, span, "Wide characters take two columns").label = "five of them".to_owned();
    let span = c.span(wide, "名前");
    c.add("d", Severity::Info, span, "The byte order mark is no column");

    let long = c.file("long", &format!("FROM a\n{}needle{}\n", "x".repeat(5_000_000), "y".repeat(5_000_000)));
    let span = c.span(long, "needle");
    c.add("e", Severity::Warning, span, "The line has ten megabytes").label = "in the middle".to_owned();
    c.add("f", Severity::Warning, Span::new(long, 7, 10_000_013), "All of the line");

    let empty = c.file("empty", "");
    c.add("g", Severity::Error, Span::new(empty, 0, 0), "There is nothing in the file").label = "not a byte".to_owned();
    let end = c.file("end", "FROM a\nRUN b\n");
    c.add("h", Severity::Error, Span::new(end, 13, 13), "The end of the file").label = "more is expected".to_owned();
    let span = c.span(end, "a\n");
    c.add("i", Severity::Error, span, "The line break is no part of it");
    c.add("j", Severity::Error, Span::new(end, 0, 12), "Two lines").label = "from here to there".to_owned();
    insta::assert_snapshot!("text_odd", c.text());
    insta::assert_snapshot!("compact_odd", c.render(Format::Compact, &Style::default()));
}

#[test]
fn a_span_of_many_lines_is_shown_by_its_first() {
    let mut c = Case::new();
    let file = c.file("Dockerfile", &format!("FROM a\nRUN x \\\n{}  done\nUSER a\n", "  && y \\\n".repeat(40)));
    let text = c.sources.get(file).text.clone();
    let user = c.span(file, "USER a");
    let d = c.add("a", Severity::Error, Span::new(file, 7, text.len() - 7), "A long instruction");
    d.label = "all of it".to_owned();
    d.related = vec![Label { span: user, message: "before this".to_owned() }];
    insta::assert_snapshot!("text_long_span", c.text());
}

#[test]
fn a_fix_that_would_show_a_secret_is_not_printed() {
    let mut c = stack();
    let span = c.diagnostics[0].primary;
    c.diagnostics[0].fix = Some(Fix {
        title: "move it".to_owned(),
        applicability: Applicability::Safe,
        edits: vec![Edit { span, new_text: "ENV T=s3cr3t-t0ken-123".to_owned() }],
    });
    for format in Format::ALL {
        assert!(!c.render(format, &Style::default()).contains("s3cr3t-t0ken-123"), "{format:?}");
    }
}

#[test]
fn fingerprints_hold_while_other_lines_change() {
    let prints = |text: &str| {
        let mut c = Case::new();
        let file = c.file("Dockerfile", text);
        for (at, _) in text.match_indices("RUN") {
            c.add("a", Severity::Error, Span::new(file, at, at + 3), "x");
        }
        report::fingerprint::all(&c.sources, &c.diagnostics)
    };
    let before = prints("FROM a\nRUN x\nRUN y\nRUN x\n");
    let after = prints("FROM b\n# new\n\n  RUN x\n# more\nRUN y  \nRUN x\n");
    assert_eq!(before, after);
    assert_eq!(before.iter().collect::<std::collections::BTreeSet<_>>().len(), 3, "equal lines are told apart");
    assert_ne!(before[0], prints("FROM a\nRUN other\n")[0]);
}

/// Texts with line breaks of all kinds, tabs, wide, combining and acting characters.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z =:\"'\\\\]{0,12}",
        1 => prop::sample::select(vec!["\n", "\r\n", "\r", "\t", "\u{feff}", "値", "👩‍🚀", "e\u{301}", "\u{1b}[31m", "\u{202e}", "\0", "\n\n"]).prop_map(str::to_owned),
        1 => ".{0,4}",
        1 => (0usize..300).prop_map(|n| "long ".repeat(n)),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|v| v.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_format_panics_for_any_span_over_any_text(
        texts in prop::collection::vec(any_text(), 1..3),
        spans in prop::collection::vec((0u32..4, 0usize..2000, 0usize..400, any::<bool>()), 1..8),
        message in ".{0,60}",
        width in 0usize..120,
        color in any::<bool>(),
    ) {
        let mut c = Case::new();
        for (i, text) in texts.iter().enumerate() {
            c.file(&format!("f{i}"), text);
        }
        // Spans may lie anywhere: behind the text, inside a character, in a file that is not there.
        let span = |&(file, start, len, _): &(u32, usize, usize, bool)| Span::new(FileId(file), start, start + len);
        let mut d = finding("a", Severity::Warning, span(&spans[0]), &message);
        d.label = message.clone();
        d.help = Some(message.clone());
        d.related = spans[1..].iter().map(|s| Label { span: span(s), message: message.clone() }).collect();
        d.masks = spans.iter().filter(|s| s.3).map(span).collect();
        let edits = spans.iter().map(|s| Edit { span: span(s), new_text: message.clone() }).collect();
        d.fix = Some(Fix { title: message.clone(), applicability: Applicability::Safe, edits });
        c.diagnostics = vec![d.clone(), d];
        let style = Style { color, width, terminal: true };
        for format in Format::ALL {
            let out = c.render(format, &style);
            let acting = out.chars().find(|&c| c.is_control() && c != '\n' && !(color && c == '\u{1b}' && format == Format::Text));
            prop_assert_eq!(acting, None, "{:?}", format);
        }
    }
}

#[test]
fn labels_share_lines_and_frames() {
    let mut c = Case::new();
    let compose = c.file("compose.yml", "services:\n  web:\n    ports: [\"80:8080\"]\n    command: server --port 9090\n");
    let long = c.file("app/server.conf", &format!("{}listen 9090;\n", "# …\n".repeat(120)));
    let port = c.span(compose, "8080");
    let all = c.span(compose, "\"80:8080\"");
    let flag = c.span(compose, "--port 9090");
    let listen = c.span(long, "listen 9090");
    let service = c.span(compose, "web");
    let d = c.add("port-mismatch", Severity::Error, port, "Port 80 leads to 8080, where nothing listens");
    d.label = "nothing listens here".to_owned();
    let label = |span, message: &str| Label { span, message: message.to_owned() };
    d.related = vec![
        label(all, "published here"),
        label(flag, "the server listens on 9090"),
        label(flag, "and nowhere else"),
        label(listen, "as its configuration says"),
        label(service, ""),
    ];
    let d = c.add("several-lines", Severity::Warning, Span::new(compose, 10, 60), "Labels over several lines and within them");
    d.label = "the service".to_owned();
    d.related = vec![label(port, "its port"), label(service, "its name")];
    let d = c.add("many-places", Severity::Info, port, "More places than anybody reads");
    d.related = (0..30).map(|n| label(Span::new(long, n * 20, n * 20 + 1), "")).collect();
    insta::assert_snapshot!("text_labels", c.text());
}

#[test]
fn the_rules_are_listed() {
    use report::rules as list;
    let rules = rules();
    let plain = Style::default();
    let all = [list::text(&rules, &plain), list::json(&rules), list::markdown(&rules), list::page(&rules[0], &plain)];
    insta::assert_snapshot!("rules", all.join("\n----\n"));
    let colour = Style { color: true, ..plain };
    assert!(list::page(&rules[0], &colour).contains("    FROM scratch") && !list::page(&rules[0], &colour).contains("```"));
}

#[test]
fn statistics_count_rules() {
    let case = stack();
    let report = Report {
        sources: &case.sources,
        diagnostics: &case.diagnostics,
        fingerprints: &[],
        files: 3,
        suppressed: 0,
        rules: &[],
        masks: &[],
    };
    let text = report::statistics::render(Format::Text, &report).unwrap();
    let json = report::statistics::render(Format::Json, &report).unwrap();
    insta::assert_snapshot!("statistics", format!("{text}----\n{json}"));
    assert_eq!(report::statistics::render(Format::Sarif, &report), None);
}
