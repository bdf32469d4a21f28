function show(record) {
  if (!(record.real_name && record.id_card)) return;
  $("#real-name").val(record.real_name).prop("disabled", true);
  $("#id-card").val(record.id_card).prop("disabled", true);
  $(".btn-save").hide();
}

$(function () {
  $.get("/api/profile/auth", function (data) {
    if ("0" == data.errno) show(data.data);
  }, "json");

  $("#form-auth").submit(function (event) {
    event.preventDefault();
    postJson("/api/profile/auth", formToJson(this), function (data) {
      $(".message").text(data.errcode + " " + data.errmsg);
      if ("0" == data.errno) show(data.data);
    });
  });
});
