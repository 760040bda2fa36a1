"use strict";
(function () {
  var config = JSON.parse(document.getElementById("plot-config").textContent);
  var plots = Array.prototype.slice.call(document.querySelectorAll(".plot"));
  plots.forEach(function (place) {
    var spec = JSON.parse(document.getElementById(place.id + "-spec").textContent);
    place.textContent = "";
    Plotly.newPlot(place, spec.data, spec.layout, config);
  });
  // Paper is narrower than the screen, and figures do not learn of it by themselves.
  window.addEventListener("beforeprint", function () {
    plots.forEach(function (place) { Plotly.relayout(place, { autosize: false, width: 690 }); });
  });
  window.addEventListener("afterprint", function () {
    plots.forEach(function (place) { Plotly.relayout(place, { autosize: true, width: null }); });
  });
})();
