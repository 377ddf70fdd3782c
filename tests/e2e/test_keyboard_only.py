"""A check is added, pinged, edited, paused and deleted by keys alone, at a desk and on a phone.

Whatever has the focus on the way must be in sight, and show that it has it.
"""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page, expect

from hc.accounts.models import Project
from hc.api.models import Check

# So many presses of Tab lead from one end of the longest of these pages to the other.
MOST = 60
_FOCUSED = """() => {
  const element = document.activeElement;
  const name = element.getAttribute("aria-label") || element.labels?.[0]?.textContent;
  return (name || element.textContent).trim();
}"""
# A choice that is drawn by its label shows the focus there.
_INDICATION = """() => {
  const element = document.activeElement;
  const isDrawn = getComputedStyle(element).opacity !== "0";
  const shown = isDrawn ? element : element.nextElementSibling;
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(shown);
  const outlined = outlineStyle !== "none" && outlineWidth !== "0px";
  return outlined || boxShadow !== "none" ? "" : element.outerHTML.slice(0, 200);
}"""
# The part of it that is in the window, and not below something else.
_HIDDEN = """() => {
  const element = document.activeElement;
  const shown = getComputedStyle(element).opacity === "0" ? element.nextElementSibling : element;
  const [box] = shown.getClientRects();
  const x = Math.max(box.left, 0) + Math.min(box.width, innerWidth) / 2;
  const at = document.elementFromPoint(x, box.top + box.height / 2);
  return at && (shown.contains(at) || at.contains(shown)) ? "" : element.outerHTML.slice(0, 200);
}"""


@dataclass
class Keys:
    """The keyboard of a page, in the hands of somebody who looks at what it does."""

    page: Page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def look(self) -> str:
        """What has the focus; it must be seen."""
        # The window may be scrolling to it, or the next page be on its way.
        self.page.wait_for_function(f"() => ({_INDICATION})() === ''", timeout=3000)
        self.page.wait_for_function(f"() => ({_HIDDEN})() === ''", timeout=3000)
        return str(self.page.evaluate(_FOCUSED))

    def go_to(self, name: str, key: str = "Tab") -> None:
        """Press a key until what is called so has the focus."""
        passed = []
        for _ in range(MOST):
            self.press(key)
            if self.page.evaluate("document.activeElement === document.body"):
                continue  # past the last control, or while the next page is on its way
            found = self.look()
            if found == name:
                return
            passed.append(found)
        raise AssertionError(f"{name} is not reached by {key}: {passed}")


def test_a_check_from_beginning_to_end(page: Page, project: Project) -> None:
    keys, pill = Keys(page), page.locator(".status-pill")
    page.goto(f"/projects/{project.code}/checks/")
    keys.go_to("Skip to the content")
    keys.press("Enter")
    keys.go_to("Add check")
    keys.press("Enter")
    # Add it
    expect(page.get_by_role("heading", level=1)).to_have_text("Add check")
    keys.go_to("Name")
    keys.type("Backup")
    keys.go_to("Period")
    keys.press("Control+A")
    keys.type("2 hours")
    keys.go_to("Add check")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Backup")
    # Ping it
    keys.go_to("Ping now")
    keys.press("Enter")
    expect(pill).to_contain_text("Up")
    # Edit it
    page.reload()
    keys.go_to("Edit")
    keys.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Name")).to_be_focused()
    keys.press("Control+A")
    keys.type("Nightly backup")
    keys.go_to("Save changes")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nightly backup")
    check = Check.objects.get(project=project)
    assert (check.name, check.timeout.total_seconds(), check.n_pings) == ("Nightly backup", 7200, 1)
    # Pause it, by the button and back by its key
    keys.go_to("Pause")
    keys.press("Enter")
    expect(pill).to_contain_text("Paused")
    page.wait_for_load_state()
    keys.press("p")
    expect(pill).not_to_contain_text("Paused")
    # Delete it
    keys.go_to("More")
    keys.press("Enter")
    keys.go_to("Delete this check", "ArrowDown")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete Nightly backup?")
    keys.go_to("Delete check")
    keys.press("Enter")
    expect(page.get_by_text("Nightly backup was deleted.")).to_be_visible()
    expect(page.get_by_text("No checks yet")).to_be_visible()


def test_the_list_of_keys(page: Page, project: Project) -> None:
    keys, help_ = Keys(page), page.get_by_role("dialog", name="Keyboard")
    page.goto(f"/projects/{project.code}/checks/")
    keys.press("?")
    expect(help_).to_be_visible()
    keys.go_to("Switch single keys off")
    keys.press("Space")
    expect(help_.get_by_role("checkbox")).to_be_checked()
    keys.press("Escape")
    expect(help_).to_be_hidden()
    keys.press("?")
    expect(help_).to_be_hidden()
