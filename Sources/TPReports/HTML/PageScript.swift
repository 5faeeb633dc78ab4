/// The script of every page: tables are sorted and filtered where it runs, and are whole where it does
/// not. It has neither `<` nor `&`, so that HTML and XML read it alike.
enum PageScript {
  static let text: StaticString = """
    (function () {
      "use strict";
      function each(list, work) { Array.prototype.forEach.call(list, work); }
      function key(row, column) {
        var cell = row.cells[column];
        if (!cell) { return ""; }
        if (cell.hasAttribute("data-value")) {
          var text = cell.getAttribute("data-value");
          return text === "" ? NaN : Number(text);
        }
        return cell.textContent.trim().toLowerCase();
      }
      function before(a, b) {
        if (typeof a === "number") {
          if (a !== a) { return b !== b ? 0 : 1; }
          if (b !== b) { return -1; }
          return a > b ? 1 : b > a ? -1 : 0;
        }
        return a.localeCompare(b, undefined, { numeric: true });
      }
      function sort(table, heads, column) {
        var head = heads[column];
        var state = head.getAttribute("aria-sort");
        var isNumber = head.classList.contains("num");
        var next = state === "none" ? (isNumber ? "descending" : "ascending")
          : state === "ascending" ? "descending" : "ascending";
        each(heads, function (other) { other.setAttribute("aria-sort", "none"); });
        head.setAttribute("aria-sort", next);
        var body = table.tBodies[0];
        var rows = Array.prototype.map.call(body.rows, function (row, place) {
          return { row: row, key: key(row, column), place: place };
        });
        rows.sort(function (a, b) {
          var order = before(a.key, b.key);
          var isLast = a.key !== a.key ? true : b.key !== b.key;
          if (!isLast) { if (next === "descending") { order = -order; } }
          return order === 0 ? a.place - b.place : order;
        });
        rows.forEach(function (entry) { body.appendChild(entry.row); });
      }
      each(document.querySelectorAll("table[data-sort]"), function (table) {
        var heads = table.tHead.rows[0].cells;
        each(heads, function (head, column) {
          if (!head.hasAttribute("aria-sort")) { return; }
          var button = document.createElement("button");
          button.type = "button";
          while (head.firstChild) { button.appendChild(head.firstChild); }
          button.addEventListener("click", function () { sort(table, heads, column); });
          head.appendChild(button);
        });
      });
      each(document.querySelectorAll(".filter"), function (filter) {
        var input = filter.querySelector("input");
        var output = filter.querySelector("output");
        var table = document.getElementById(filter.getAttribute("data-table"));
        filter.hidden = false;
        input.addEventListener("input", function () {
          var words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
          var shown = 0;
          each(table.tBodies[0].rows, function (row) {
            var text = row.textContent.toLowerCase();
            var isShown = words.every(function (word) { return text.indexOf(word) !== -1; });
            row.hidden = !isShown;
            if (isShown) { shown += 1; }
          });
          output.textContent = words.length === 0 ? ""
            : shown + " of " + table.tBodies[0].rows.length + " rows";
        });
      });
      window.addEventListener("beforeprint", function () {
        each(document.querySelectorAll("details"), function (part) { part.open = true; });
      });
    }());
    """
}
