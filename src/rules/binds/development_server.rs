use crate::rule::{Cx, Rule, rule};
use crate::rules::support::{reach, setting};
use crate::stack::Stack;

rule!(DevelopmentServer, "binds/development-server");

impl Rule for DevelopmentServer {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for runtime in &stack.runtimes {
            let mut found = reach::listens(stack, runtime);
            found.retain(|(p, l)| l.development && (p.last || p.background));
            let nowhere = runtime.service.is_none() && runtime.stage.is_none();
            if found.is_empty() || nowhere || setting::for_development(stack, runtime) {
                continue;
            }
            for (process, listen) in found {
                // inside package.json the script's name says what it is; the place at fault is what starts it
                let script = process.via.iter().find(|v| matches!(v.kind, crate::stack::ViaKind::PackageScript(_)));
                let place = script.map_or_else(|| process.written_at(), |v| v.span);
                let report = cx
                    .report(place, format!("production starts {}, a server for development: {}", listen.shown(), drawback(listen.server)))
                    .help(instead(listen.server));
                if place != process.span {
                    report.label(process.span, "what this starts");
                }
            }
        }
    }
}

fn watches(server: &str) -> bool {
    server.contains("watch") || matches!(server, "nodemon" | "ts-node-dev" | "air")
}

/// What users get of it.
fn drawback(server: &str) -> &'static str {
    match server {
        "flask run" | "the Flask development server" | "manage.py runserver" | "php -S" | "php artisan serve" | "python -m http.server" => {
            "its own manual warns that it is neither secured nor made for load"
        }
        "gunicorn" | "uvicorn" | "hypercorn" => "with `--reload` it watches the source and starts anew whenever a file changes",
        name if watches(name) => "it watches the source and starts anew whenever a file changes",
        "fastapi dev" | "symfony server:start" | "symfony serve" => "it watches the source, and its errors show the program's insides",
        _ => "it compiles on the fly, hands out the source, and is slow under load",
    }
}

fn instead(server: &str) -> String {
    let better = match server {
        "flask run" | "the Flask development server" | "manage.py runserver" => "start the application with gunicorn or uWSGI",
        "gunicorn" | "uvicorn" | "hypercorn" => "leave `--reload` out",
        name if watches(name) => "start the program itself",
        "fastapi dev" => "start it with `fastapi run` or uvicorn",
        "php -S" | "php artisan serve" | "symfony server:start" | "symfony serve" => {
            "serve it with php-fpm behind nginx, Apache or FrankenPHP"
        }
        "next dev" => "run `next build` in the image and start it with `next start`",
        "nuxt dev" => "run `nuxt build` in the image and start its server",
        "python -m http.server" => "serve the files with nginx or Caddy",
        _ => "build the files in the image and serve them with nginx or Caddy",
    };
    format!("{better}, or name the stage or file for development if that is what it is for")
}
