/* A map without tiles: outline and zones of a city, drawn from GeoJSON of this site. */
this.ckan.module("cityopen-map", function () {
  "use strict";

  function popup(feature, layer) {
    var about = feature.properties || {};
    var name = about.name || about.ime || about.NAZIV || "";
    if (name) {
      layer.bindTooltip(String(name).replace(/[<>&]/g, ""), { direction: "top" });
    }
  }

  return {
    options: { url: "", outline: null },

    initialize: function () {
      var map = L.map(this.el[0], { attributionControl: false, scrollWheelZoom: false, zoomSnap: 0.25 });
      var style = getComputedStyle(document.documentElement);
      var ink = style.getPropertyValue("--co-accent").trim();
      var warm = style.getPropertyValue("--co-warm").trim();
      var draw = function (data) {
        var layer = L.geoJSON(data, {
          style: { color: ink, weight: 2, fillOpacity: 0.08 },
          pointToLayer: function (feature, at) {
            return L.circleMarker(at, { radius: 6, color: warm, weight: 2, fillOpacity: 0.5 });
          },
          onEachFeature: popup
        }).addTo(map);
        map.fitBounds(layer.getBounds(), { padding: [16, 16] });
      };
      if (this.options.outline) {
        draw(this.options.outline);
      }
      if (this.options.url) {
        fetch(this.options.url).then(function (answer) { return answer.json(); }).then(draw);
      }
    }
  };
});
