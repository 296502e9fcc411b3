//! The example's rows, the actions on them, and their rules: the same on the page and on the server.
#![allow(missing_docs, reason = "the names say it")]

use client::Entities;
use serde::{Deserialize, Serialize};
use sync::{AppNames, Identity, Model, Mutation, Records, Refusal, RowKey, Rows};
use uuid::Uuid;

pub const NAMES: AppNames = AppNames::new("courses", "all");
pub const COURSES: &str = "courses";
pub const LESSONS: &str = "lessons";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Row {
    Course { id: Uuid, title: String },
    Lesson { id: Uuid, course: Uuid, title: String, done: bool },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    UpdateCourse { id: Uuid, title: String },
    UpdateLesson { id: Uuid, done: bool },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Courses;

impl Records for Courses {
    type Action = Action;
    type Row = Row;
    const TABLES: &'static [&'static str] = &[COURSES, LESSONS];
    const TABLES_VERSION: u32 = 1;
    const SCHEMA: u32 = 1;

    fn identify(row: &Row) -> Identity {
        let (key, course) = match row {
            Row::Course { id, .. } => (RowKey::new(COURSES, id.to_string()), id),
            Row::Lesson { id, course, .. } => (RowKey::new(LESSONS, id.to_string()), course),
        };
        Identity { key, index_keys: vec![format!("course:{course}")] }
    }
}

impl Model for Courses {
    type Effect = ();

    fn edits(action: &Action) -> Option<RowKey> {
        Some(match action {
            Action::UpdateCourse { id, .. } => RowKey::new(COURSES, id.to_string()),
            Action::UpdateLesson { id, .. } => RowKey::new(LESSONS, id.to_string()),
        })
    }

    fn apply(mutation: &Mutation<Action>, rows: &mut Rows<Row>) -> Result<Vec<()>, Refusal> {
        let row = Self::edits(&mutation.action).and_then(|key| rows.get_mut(&key));
        match (&mutation.action, row) {
            (Action::UpdateCourse { title, .. }, _) if title.trim().is_empty() => {
                return Err(Refusal::new("no_title", "A course needs a title."));
            }
            (Action::UpdateCourse { title, .. }, Some(Row::Course { title: old, .. })) => {
                old.clone_from(title)
            }
            (Action::UpdateLesson { done, .. }, Some(Row::Lesson { done: old, .. })) => *old = *done,
            _ => return Err(Refusal::new("not_found", "This no longer exists.")),
        }
        Ok(Vec::new())
    }
}

impl Entities for Courses {}
