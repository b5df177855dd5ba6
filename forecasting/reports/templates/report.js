"use strict";
(function () {
  function byId(id) { return document.getElementById(id); }
  function data(id) { var element = byId(id); return element ? JSON.parse(element.textContent) : null; }
  document.documentElement.classList.add("live");

  var scenarios = data("scenario-data");
  var choice = byId("scenario-choice");
  if (scenarios && scenarios.length && choice) {
    scenarios.forEach(function (one) { choice.add(new Option(one.title, one.id)); });
    byId("scenario-switch").hidden = false;
    choice.addEventListener("change", function () {
      var one = scenarios[choice.selectedIndex];
      Object.keys(one.chart).forEach(function (id) {
        var element = byId(id), changes = one.chart[id];
        Object.keys(changes).forEach(function (name) {
          if (name === "text") { element.textContent = changes.text; } else { element.setAttribute(name, changes[name]); }
        });
      });
      byId("scenario-title").textContent = one.title;
      byId("scenario-says").textContent = one.says.join(" ");
      var rows = byId("balance-years").tBodies[0].rows;
      one.cells.forEach(function (cells, i) {
        cells.forEach(function (text, j) { rows[i].cells[j + 1].textContent = text; });
      });
    });
  }

  var picker = byId("series-choice");
  if (picker) {
    var sections = Array.prototype.slice.call(document.querySelectorAll("section.series"));
    sections.forEach(function (section) {
      var head = section.querySelector("h3");
      picker.add(new Option(head.textContent, head.id));
    });
    byId("series-switch").hidden = false;
    var pick = function (id) {
      sections.forEach(function (section) { section.hidden = id !== "" && section.querySelector("h3").id !== id; });
    };
    picker.addEventListener("change", function () {
      pick(picker.value);
      if (picker.value) { byId(picker.value).scrollIntoView(); }
    });
    window.addEventListener("hashchange", function () { picker.value = ""; pick(""); });
  }

  var months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  var values = data("value-data") || {};
  Object.keys(values).forEach(function (id) {
    var one = values[id], head = byId(id + "-title");
    if (!head) { return; }
    var drawing = head.parentNode, card = drawing.parentNode, at = -1;
    var seen = one.h.split("|"), fan = one.f ? one.f.split("|") : [], from = one.n - fan.length;
    var tip = document.createElement("p");
    tip.className = "tip";
    tip.setAttribute("aria-live", "polite");
    card.appendChild(tip);
    var rule = document.createElementNS("http://www.w3.org/2000/svg", "path");
    rule.setAttribute("stroke", "#1a1a1a");
    rule.setAttribute("stroke-width", ".8");
    drawing.appendChild(rule);
    function label(i) {
      if (one.k === "month") { return months[(one.b + i) % 12] + " " + Math.floor((one.b + i) / 12); }
      return (one.k === "FY" ? "FY" : "") + (one.b + i);
    }
    function show(i) {
      at = Math.max(0, Math.min(one.n - 1, i));
      var text = label(at), band = i >= from ? (fan[at - from] || "") : "", known = seen[at] || "";
      if (known) { text += ": " + known + " observed"; }
      if (band) { band = band.split(";"); text += ": median " + band[0] + ", 80% band " + band[1] + " to " + band[2]; }
      if (!known && !band) { text += ": nothing observed"; }
      tip.textContent = text;
      rule.setAttribute("d", "M" + (one.x[0] + at * one.x[1]) + " 26V229");
    }
    card.addEventListener("pointermove", function (event) {
      var box = drawing.getBoundingClientRect();
      var x = (event.clientX - box.left) / box.width * drawing.viewBox.baseVal.width;
      show(Math.round((x - one.x[0]) / (one.x[1] || 1)));
    });
    card.addEventListener("keydown", function (event) {
      var step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) { event.preventDefault(); show(at < 0 ? one.n - 1 : at + step); }
    });
  });
}());
