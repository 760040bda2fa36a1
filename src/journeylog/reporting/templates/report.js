"use strict";
(function () {
  var words = document.body.dataset;
  var card = document.createElement("div");
  card.className = "pointed";
  card.setAttribute("aria-hidden", "true");
  document.body.appendChild(card);

  // What a mark tells when it is pointed at; the browser's own box is slow and cannot be styled.
  document.querySelectorAll(".plot title").forEach(function (title) {
    title.parentNode.told = title.textContent;
    title.remove();
  });
  document.querySelectorAll(".plot").forEach(function (plot) {
    plot.addEventListener("pointermove", function (event) {
      var told = event.target.told;
      card.style.display = told ? "block" : "none";
      if (!told) { return; }
      card.textContent = told;
      var wide = document.documentElement.clientWidth;
      card.style.left = Math.max(8, Math.min(event.clientX + 14, wide - card.offsetWidth - 8)) + "px";
      var below = event.clientY + 18;
      var above = event.clientY - card.offsetHeight - 14;
      card.style.top = (below + card.offsetHeight > window.innerHeight ? Math.max(8, above) : below) + "px";
    });
    plot.addEventListener("pointerleave", function () { card.style.display = "none"; });
    if (plot.dataset.choices) { choose(plot); }
  });

  // One node and the ways through it, the others faded.
  function choose(plot) {
    var label = document.createElement("label"), select = document.createElement("select");
    label.className = "through";
    label.textContent = words.through + " ";
    [["", words.all]].concat(JSON.parse(plot.dataset.choices)).forEach(function (choice) {
      select.add(new Option(choice[1], choice[0]));
    });
    label.appendChild(select);
    plot.parentNode.before(label);
    function show(place) {
      plot.classList.toggle("chosen", place !== "");
      plot.querySelectorAll("[data-way]").forEach(function (band) {
        band.classList.toggle("on", band.dataset.way.split(" ").indexOf(place) >= 0);
      });
    }
    select.addEventListener("change", function () { show(select.value); });
  }

  // Tables in the order of any column; what is not told stays last.
  document.querySelectorAll("table").forEach(function (table) {
    if (table.closest(".jmap")) { return; }
    table.querySelectorAll("thead th").forEach(function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.title = words.sort.replace("%", head.textContent);
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        var down = head.getAttribute("aria-sort") !== "descending";
        table.querySelectorAll("thead th").forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        var body = table.tBodies[0];
        Array.prototype.slice.call(body.rows).map(function (row) {
          var cell = row.cells[column], number = cell.dataset.value;
          return { row: row, key: number === undefined ? cell.textContent : number === "" ? null : Number(number) };
        }).sort(function (a, b) {
          if (a.key === null || b.key === null) { return (a.key === null) - (b.key === null); }
          var way = typeof a.key === "number" ? a.key - b.key : a.key.localeCompare(b.key);
          return down ? -way : way;
        }).forEach(function (line) { body.appendChild(line.row); });
      });
    });
  });
})();
