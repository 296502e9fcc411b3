//! The example's page: courses and their lessons, edited on the device first.

use client::{DownloadError, OfflineProvider, OfflineSync, init_offline_sync, use_rows, use_sync, use_task};
use courses::{COURSES, Courses, LESSONS, NAMES, Row};
use serde_json::{Value, json};
use uuid::Uuid;
use web_sys::HtmlInputElement;
use yew::prelude::*;

fn main() {
    init_offline_sync();
    yew::Renderer::<App>::new().render();
}

#[component]
fn App() -> Html {
    html! { <OfflineProvider<Courses> names={&NAMES}><Page /></OfflineProvider<Courses>> }
}

/// Fetches one course with its lessons at once and keeps it. The rounds keep it up to date.
async fn download_course(sync: &OfflineSync<Courses>, id: &str) -> Result<&'static str, DownloadError> {
    let is_there = sync.download(&format!("/api/rows/course:{id}")).await?;
    Ok(if is_there { "Downloaded." } else { "There is no such course." })
}

#[component]
fn Page() -> Html {
    let (sync, task) = (use_sync::<Courses>(), use_task());
    let (courses, lessons) = (use_rows::<Courses>(COURSES), use_rows::<Courses>(LESSONS));
    let field = |event: Event| event.target_unchecked_into::<HtmlInputElement>();
    let handle = sync.clone();
    let download = task.callback(async move |event| download_course(&handle, &field(event).value()).await);
    let save = |entity: &'static str, id: Uuid, data: fn(HtmlInputElement) -> Value| {
        let sync = sync.clone();
        task.callback(async move |event| {
            let saved = sync.queue_mutation("UPDATE", entity, id, data(field(event))).await;
            saved.map(|_| "Saved on this device.")
        })
    };
    let rows = courses.iter().chain(&lessons).map(|row| match row {
        Row::Course { id, title } => {
            let onchange = save("course", *id, |field| json!({ "title": field.value() }));
            html! { <li><input data-id={id.to_string()} value={title.clone()} {onchange} /></li> }
        }
        Row::Lesson { id, title, done, .. } => {
            let onchange = save("lesson", *id, |field| json!({ "done": field.checked() }));
            html! { <li><label><input type="checkbox" checked={*done} {onchange} />{ title }</label></li> }
        }
    });
    html! {
        <main>
            <p role="status">{ format!("{} {} to sync, {} refused", &*task, sync.pending, sync.attention) }</p>
            <label>{ "Download a course by its id" }<input id="download" onchange={download} /></label>
            <button onclick={sync.callback(|sync, _| sync.full_sync())}>{ "Fetch everything" }</button>
            <ul>{ for rows }</ul>
        </main>
    }
}
