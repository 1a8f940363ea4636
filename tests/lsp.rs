//! The language server, driven as an editor drives it: the real binary, over standard input and output.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// Longer than any answer takes on a busy machine; a server that is stuck must not hold the tests up.
const PATIENCE: Duration = Duration::from_secs(60);

struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    /// What came while something else was waited for.
    kept: Vec<Value>,
    next: i64,
    dir: tempfile::TempDir,
    encoding: String,
}

fn read_messages(output: impl Read + Send + 'static) -> Receiver<Value> {
    let (told, messages) = channel();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                if output.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                match line.trim().split_once(": ") {
                    Some(("Content-Length", n)) => length = n.parse().unwrap(),
                    _ => break,
                }
            }
            let mut body = vec![0; length];
            output.read_exact(&mut body).unwrap();
            if told.send(serde_json::from_slice(&body).unwrap()).is_err() {
                return;
            }
        }
    });
    messages
}

impl Editor {
    fn open(files: &[(&str, &str)]) -> Editor {
        Editor::with(files, json!({"general": {"positionEncodings": ["utf-16"]}}))
    }

    fn with(files: &[(&str, &str)], capabilities: Value) -> Editor {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_stacklint"))
            .arg("lsp")
            .current_dir(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let messages = read_messages(child.stdout.take().unwrap());
        let mut editor = Editor { child, input, messages, kept: Vec::new(), next: 0, dir, encoding: String::new() };
        let root = editor.uri("");
        let folders = json!([{"uri": root.trim_end_matches('/'), "name": "root"}]);
        let answer = editor.ask("initialize", json!({"processId": null, "capabilities": capabilities, "workspaceFolders": folders}));
        editor.encoding = answer["capabilities"]["positionEncoding"].as_str().unwrap().to_owned();
        editor.tell("initialized", json!({}));
        editor
    }

    fn uri(&self, path: &str) -> String {
        format!("file://{}/{path}", self.dir.path().display())
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        input.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn message(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at);
        }
        loop {
            let message = self.messages.recv_timeout(PATIENCE).expect("the server answers");
            if wanted(&message) {
                return message;
            }
            self.kept.push(message);
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        let answer = self.message(|m| m["id"] == id && m.get("method").is_none());
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }

    /// The findings that are shown for a file next.
    fn findings(&mut self, path: &str) -> Vec<Value> {
        let uri = self.uri(path);
        let message = self.message(|m| m["method"] == "textDocument/publishDiagnostics" && m["params"]["uri"] == uri);
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    fn show(&mut self, path: &str, language: &str, text: &str) {
        self.kept.clear();
        let document = json!({"uri": self.uri(path), "languageId": language, "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
    }

    fn change(&mut self, path: &str, version: i64, text: &str) {
        let document = json!({"uri": self.uri(path), "version": version});
        self.tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": [{"text": text}]}));
    }

    fn at(&mut self, method: &str, path: &str, line: usize, character: usize) -> Value {
        let document = json!({"uri": self.uri(path)});
        self.ask(method, json!({"textDocument": document, "position": {"line": line, "character": character}}))
    }

    /// The actions for a whole line.
    fn actions(&mut self, path: &str, line: usize, only: &[&str]) -> Vec<Value> {
        let range = json!({"start": {"line": line, "character": 0}, "end": {"line": line, "character": 999}});
        let mut context = json!({"diagnostics": []});
        if !only.is_empty() {
            context["only"] = json!(only);
        }
        let document = json!({"uri": self.uri(path)});
        let answer = self.ask("textDocument/codeAction", json!({"textDocument": document, "range": range, "context": context}));
        answer.as_array().unwrap().clone()
    }

    /// A text with the edits that an action makes in it.
    fn applied(&self, path: &str, text: &str, action: &Value) -> String {
        let mut edits = action["edit"]["changes"][self.uri(path)].as_array().unwrap().clone();
        let offset = |position: &Value| {
            let (line, column) = (position["line"].as_u64().unwrap() as usize, position["character"].as_u64().unwrap() as usize);
            let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
            let mut units = 0;
            let rest = text[start..].char_indices().find(|(_, c)| {
                let here = units >= column;
                units += c.len_utf16();
                here
            });
            rest.map_or(text.len(), |(at, _)| start + at)
        };
        edits.sort_by_key(|e| std::cmp::Reverse(offset(&e["range"]["start"])));
        let mut out = text.to_owned();
        for edit in edits {
            let (from, to) = (offset(&edit["range"]["start"]), offset(&edit["range"]["end"]));
            out.replace_range(from..to, edit["newText"].as_str().unwrap());
        }
        out
    }

    fn close(mut self) {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        drop(self.input.take());
        assert!(self.child.wait().unwrap().success());
    }
}

fn rules(findings: &[Value]) -> Vec<&str> {
    findings.iter().map(|f| f["code"].as_str().unwrap()).collect()
}

fn place(range: &Value) -> [u64; 4] {
    [&range["start"]["line"], &range["start"]["character"], &range["end"]["line"], &range["end"]["character"]].map(|n| n.as_u64().unwrap())
}

const GOOD: &str = "FROM python:3.12 AS build\nRUN make\n\nFROM build\nCOPY --from=build /a /b\nUSER 1000\nCMD [\"a\"]\n";
const BAD: &str = "FROM python:3.12 AS build\nRUN make\n\nFROM build\nCOPY --from=biuld /a /b\nUSER 1000\nCMD [\"a\"]\n";

#[test]
fn findings_follow_the_buffer_not_the_disk() {
    let mut editor = Editor::open(&[
        ("Dockerfile", BAD),
        ("compose.yml", "services:\n  web:\n    build: .\n    depends_on: [bd]\n  db: {image: 'postgres:17'}\n"),
    ]);
    // The whole folder is checked, whether its files are open or not.
    assert!(rules(&editor.findings("compose.yml")).contains(&"undefined-reference"));
    let found = editor.findings("Dockerfile");
    assert_eq!(found.iter().find(|f| f["code"] == "unknown-stage").unwrap()["source"], "stacklint");
    editor.show("Dockerfile", "dockerfile", GOOD);
    assert!(!rules(&editor.findings("Dockerfile")).contains(&"unknown-stage"));
    editor.kept.clear();
    editor.change("Dockerfile", 2, BAD);
    let found = editor.findings("Dockerfile");
    let finding = found.iter().find(|f| f["code"] == "unknown-stage").unwrap();
    assert_eq!((place(&finding["range"])[0], finding["severity"].as_u64()), (4, Some(1)), "{finding}");
    assert!(finding["codeDescription"]["href"].as_str().unwrap().ends_with("unknown-stage.md"));
    // Closed without being saved, what the disk has counts again.
    std::fs::write(editor.dir.path().join("Dockerfile"), GOOD).unwrap();
    editor.kept.clear();
    let uri = editor.uri("Dockerfile");
    editor.tell("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    assert!(!rules(&editor.findings("Dockerfile")).contains(&"unknown-stage"));
    editor.close();
}

#[test]
fn files_that_change_on_the_disk_are_read_again() {
    let mut editor = Editor::open(&[("Dockerfile", GOOD)]);
    editor.show("Dockerfile", "dockerfile", GOOD);
    editor.kept.clear();
    std::fs::write(editor.dir.path().join("compose.yml"), "services:\n  web: {build: ., depends_on: [nobody]}\n").unwrap();
    editor.tell("workspace/didChangeWatchedFiles", json!({"changes": []}));
    assert!(rules(&editor.findings("compose.yml")).contains(&"undefined-reference"));
    std::fs::remove_file(editor.dir.path().join("compose.yml")).unwrap();
    editor.tell("workspace/didChangeWatchedFiles", json!({"changes": []}));
    // What was shown is taken back.
    let uri = editor.uri("compose.yml");
    editor.message(|m| m["params"]["uri"] == uri && m["params"]["diagnostics"] == json!([]));
    editor.close();
}

#[test]
fn columns_are_counted_as_the_editor_asks() {
    let text = "FROM python:3.12\nRUN echo 😀é && sudo ls\nCMD [\"a\"]\n";
    for (offered, name, column) in [(json!(["utf-8", "utf-16"]), "utf-8", 19), (json!(["utf-16"]), "utf-16", 16), (json!([]), "utf-16", 16)]
    {
        let mut editor = Editor::with(
            &[("Dockerfile", text), (".stacklint.yaml", "preset: strict\n")],
            json!({"general": {"positionEncodings": offered}}),
        );
        assert_eq!(editor.encoding, name);
        let found = editor.findings("Dockerfile");
        let finding = found.iter().find(|f| f["code"] == "sudo-in-build").unwrap_or_else(|| panic!("{found:?}"));
        assert_eq!(place(&finding["range"])[..2], [1, column]);
        editor.close();
    }
}

#[test]
fn a_finding_brings_its_fix_and_a_comment_that_silences_it() {
    let text = "FROM python:3.12 as build\nRUN make \\\n  && cd /x\nUSER 1000\nCMD [\"a\"]\n";
    let mut editor = Editor::open(&[("Dockerfile", text), (".stacklint.yaml", "preset: strict\n")]);
    editor.show("Dockerfile", "dockerfile", text);
    let actions = editor.actions("Dockerfile", 0, &[]);
    let fix = actions.iter().find(|a| a["kind"] == "quickfix" && a["isPreferred"] == true).unwrap_or_else(|| panic!("{actions:?}"));
    assert_eq!(fix["diagnostics"][0]["code"], "inconsistent-as-case");
    assert!(editor.applied("Dockerfile", text, fix).starts_with("FROM python:3.12 AS build\n"));
    let silence = actions.iter().find(|a| a["title"] == "silence `inconsistent-as-case` here").unwrap();
    let silenced = editor.applied("Dockerfile", text, silence);
    assert!(silenced.starts_with("# stacklint: ignore[inconsistent-as-case]\nFROM python:3.12 as build\n"), "{silenced}");
    editor.change("Dockerfile", 2, &silenced);
    assert!(editor.actions("Dockerfile", 1, &[]).iter().all(|a| a["diagnostics"][0]["code"] != "inconsistent-as-case"));
    // All at once, and only what was asked for.
    editor.change("Dockerfile", 3, text);
    let all = editor.actions("Dockerfile", 3, &["source.fixAll"]);
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(editor.applied("Dockerfile", text, &all[0]).starts_with("FROM python:3.12 AS build\n"));
    assert!(editor.actions("Dockerfile", 0, &["refactor"]).is_empty());
    editor.close();
}

#[test]
fn comments_are_put_where_they_count() {
    let text = "services:\n  web:\n    image: nginx:1.27\n    depends_on:\n      - nobody\n";
    let mut editor = Editor::open(&[("compose.yml", text)]);
    editor.show("compose.yml", "dockercompose", text);
    let actions = editor.actions("compose.yml", 4, &["quickfix"]);
    let silence = actions.iter().find(|a| a["title"] == "silence `undefined-reference` here").unwrap_or_else(|| panic!("{actions:?}"));
    let silenced = editor.applied("compose.yml", text, silence);
    assert!(silenced.contains("    depends_on:\n      # stacklint: ignore[undefined-reference]\n      - nobody\n"), "{silenced}");
    editor.change("compose.yml", 2, &silenced);
    assert!(editor.actions("compose.yml", 5, &["quickfix"]).iter().all(|a| a["diagnostics"][0]["code"] != "undefined-reference"));
    editor.close();
}

const STACK: &str = "services:\n  web:\n    build: {context: app, target: final, args: {VERSION: '2'}}\n    depends_on: [db]\n    volumes: [data:/data]\n    environment:\n      MODE: ${MODE:-fast}\n      API_TOKEN: hush-hush\n  db:\n    image: postgres:17\nvolumes:\n  data:\n";
const APP: &str = "ARG VERSION=1\nFROM python:3.12 AS build\nARG VERSION\nENV HOME_DIR=/srv/app\nRUN make $HOME_DIR ${VERSION}\n\nFROM build AS final\nCOPY --from=build /a /b\n";

#[test]
fn names_lead_to_what_they_stand_for() {
    let mut editor = Editor::open(&[("compose.yml", STACK), ("app/Dockerfile", APP)]);
    let mut lead = |path: &str, line: usize, column: usize| {
        let found = editor.at("textDocument/definition", path, line, column);
        let uri = found["uri"].as_str().map(|uri| uri.rsplit('/').next().unwrap().to_owned());
        (uri.unwrap_or_default(), found["range"]["start"]["line"].as_u64())
    };
    let to = |file: &str, line: u64| (file.to_owned(), Some(line));
    assert_eq!(lead("app/Dockerfile", 7, 13), to("Dockerfile", 1), "--from=build");
    assert_eq!(lead("app/Dockerfile", 6, 7), to("Dockerfile", 1), "FROM build");
    assert_eq!(lead("app/Dockerfile", 4, 12), to("Dockerfile", 3), "$HOME_DIR");
    assert_eq!(lead("app/Dockerfile", 4, 24), to("Dockerfile", 2), "${{VERSION}}");
    assert_eq!(lead("app/Dockerfile", 4, 1), (String::new(), None), "RUN");
    assert_eq!(lead("compose.yml", 3, 18), to("compose.yml", 8), "depends_on: [db]");
    assert_eq!(lead("compose.yml", 4, 16), to("compose.yml", 11), "the volume");
    assert_eq!(lead("compose.yml", 2, 6), to("Dockerfile", 0), "build");
    assert_eq!(lead("compose.yml", 2, 36), to("Dockerfile", 6), "target: final");
    assert_eq!(lead("compose.yml", 2, 52), to("Dockerfile", 0), "args: VERSION");
    editor.close();
}

#[test]
fn hovering_tells_what_a_place_means() {
    let mut editor = Editor::open(&[("compose.yml", STACK), ("app/Dockerfile", APP)]);
    let mut hover = |path: &str, line: usize, column: usize| {
        editor.at("textDocument/hover", path, line, column)["contents"]["value"].as_str().unwrap_or_default().to_owned()
    };
    let stage = hover("app/Dockerfile", 7, 13);
    assert!(stage.contains("stage `build`, line 2: FROM `python:3.12`"), "{stage}");
    let variable = hover("app/Dockerfile", 4, 12);
    assert!(variable.contains("`HOME_DIR` is `/srv/app`, set by ENV on line 4"), "{variable}");
    let key = hover("compose.yml", 6, 8);
    assert!(key.contains("`services.web.environment.MODE` as Compose resolves it") && key.contains("fast"), "{key}");
    let build = hover("compose.yml", 2, 6);
    assert!(build.contains("dockerfile: Dockerfile"), "{build}");
    for line in 5..8 {
        assert!(!hover("compose.yml", line, 8).contains("hush"), "secrets are shown nowhere");
    }
    assert_eq!(hover("compose.yml", 99, 0), "");
    editor.close();

    let mut editor = Editor::open(&[("Dockerfile", BAD)]);
    let page = editor.at("textDocument/hover", "Dockerfile", 4, 14)["contents"]["value"].as_str().unwrap_or_default().to_owned();
    assert!(page.starts_with("**[unknown-stage](https://"), "{page}");
    editor.close();
}

#[test]
fn a_file_is_told_in_its_parts() {
    let mut editor = Editor::open(&[("compose.yml", STACK), ("app/Dockerfile", APP)]);
    let mut names = |path: &str| {
        let document = json!({"uri": editor.uri(path)});
        let all = editor.ask("textDocument/documentSymbol", json!({"textDocument": document}));
        let one = |s: &Value| (s["name"].as_str().unwrap().to_owned(), s["children"].as_array().unwrap().len());
        all.as_array().unwrap().iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!(names("app/Dockerfile"), [("build".to_owned(), 3), ("final".to_owned(), 1)]);
    assert_eq!(names("compose.yml"), [("services".to_owned(), 2), ("volumes".to_owned(), 1)]);
    editor.close();
}

#[test]
fn the_configuration_counts_and_a_mistake_in_it_is_said_once() {
    let text = "FROM python:3.12\nRUN apt-get update && apt-get install curl\nCMD [\"a\"]\n";
    let mut editor = Editor::open(&[
        ("Dockerfile", text),
        (".stacklint.yaml", "ignore: [install-waits-for-answer]\nexclude: ['old/**']\n"),
        ("old/Dockerfile", text),
    ]);
    editor.show("Dockerfile", "dockerfile", text);
    let document = json!({"uri": editor.uri("old/Dockerfile")});
    assert_eq!(editor.ask("textDocument/documentSymbol", json!({"textDocument": document})), Value::Null);
    let asks = |editor: &mut Editor| {
        editor.actions("Dockerfile", 1, &[]).iter().any(|a| a["diagnostics"][0]["code"] == "install-waits-for-answer")
    };
    assert!(!asks(&mut editor));
    std::fs::write(editor.dir.path().join(".stacklint.yaml"), "ignroe: []\n").unwrap();
    editor.tell("workspace/didChangeWatchedFiles", json!({"changes": []}));
    let message = editor.message(|m| m["method"] == "window/showMessage");
    let text = message["params"]["message"].as_str().unwrap();
    assert!(asks(&mut editor), "the check goes on without it");
    assert!(text.contains(".stacklint.yaml: line 1, column 1") && text.contains("did you mean `ignore`?"), "{text}");
    editor.close();
}

#[test]
fn a_file_outside_all_folders_is_checked_alone() {
    let mut editor = Editor::open(&[("compose.yml", STACK), ("app/Dockerfile", APP)]);
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("Neighbour.Dockerfile"), BAD).unwrap();
    let uri = format!("file://{}/any%20name", other.path().display());
    let document = json!({"uri": uri, "languageId": "dockerfile", "version": 7, "text": BAD});
    editor.tell("textDocument/didOpen", json!({"textDocument": document}));
    let message = editor.message(|m| m["method"] == "textDocument/publishDiagnostics" && m["params"]["uri"] == uri);
    assert!(rules(message["params"]["diagnostics"].as_array().unwrap()).contains(&"unknown-stage"));
    assert_eq!(message["params"]["version"], 7);
    assert!(!editor.kept.iter().any(|m| m.to_string().contains("Neighbour")), "its neighbours are not asked for");
    editor.close();
}

#[test]
fn nothing_that_an_editor_sends_stops_the_server() {
    let mut editor = Editor::open(&[("Dockerfile", GOOD)]);
    editor.tell("textDocument/didChange", json!({}));
    editor.tell("textDocument/didOpen", json!({"textDocument": {"uri": "untitled:1", "text": 5}}));
    editor.tell("no/such/notification", json!([1, 2]));
    editor.next += 1;
    let id = editor.next;
    editor.send(&json!({"jsonrpc": "2.0", "id": id, "method": "no/such/request", "params": null}));
    assert_eq!(editor.message(|m| m["id"] == id)["error"]["code"], -32601);
    assert_eq!(editor.at("textDocument/hover", "nowhere", 9, 9), Value::Null);
    for text in ["", "\u{feff}FROM é", "FROM a\nRUN <<E\n", "services: [", "{\"a\": "] {
        editor.show("Dockerfile", "dockerfile", text);
        for line in 0..3 {
            editor.at("textDocument/hover", "Dockerfile", line, 3);
            editor.at("textDocument/definition", "Dockerfile", line, 3);
            editor.actions("Dockerfile", line, &[]);
        }
    }
    editor.close();
}
